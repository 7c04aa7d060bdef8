//! Owns the question whether an AMF belongs to a clip: by its clip id (S-2019-001), by the ALE columns `AMF_UUID` and `AMF_NAME`. A
//! file without a clip id is a template and belongs to none by itself.

use super::model::{Amf, ClipId, ClipMedia};

/// What is known about a clip.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClipFacts<'a> {
    /// Name of the clip, without extension.
    pub name: Option<&'a str>,
    /// Names of its files, without folders; the first and the last of a sequence are enough.
    pub files: Vec<&'a str>,
    /// An id that the camera gave it.
    pub uuid: Option<&'a str>,
    /// ALE column `AMF_UUID`.
    pub amf_uuid: Option<&'a str>,
    /// ALE column `AMF_NAME`.
    pub amf_name: Option<&'a str>,
}

impl Amf {
    /// Why this AMF, whose file is called `amf_file`, belongs to the clip; `None` where nothing says so.
    #[must_use]
    pub fn belongs_to(&self, amf_file: &str, clip: &ClipFacts<'_>) -> Option<&'static str> {
        if let (Some(own), Some(column)) = (&self.info.uuid, clip.amf_uuid)
            && same_uuid(own, column)
        {
            return Some("AMF_UUID names it");
        }
        if let Some(column) = clip.amf_name.map(file_name).filter(|name| !name.is_empty())
            && (column == file_name(amf_file) || Some(column) == file_name(amf_file).rsplit_once('.').map(|(stem, _)| stem))
        {
            return Some("AMF_NAME names it");
        }
        self.clip.as_ref()?.names(clip)
    }
}

impl ClipId {
    /// Why this clip id means the clip. Where it names media, the media decide; a name alone is the weakest.
    #[must_use]
    pub fn names(&self, clip: &ClipFacts<'_>) -> Option<&'static str> {
        match &self.media {
            Some(ClipMedia::Uuid(uuid)) if clip.uuid.is_some() => {
                clip.uuid.is_some_and(|own| same_uuid(uuid, own)).then_some("the clip's uuid is the same")
            }
            Some(ClipMedia::File(file)) if !clip.files.is_empty() => {
                clip.files.iter().any(|own| file_name(own) == file_name(file)).then_some("the clip's file is the same")
            }
            Some(ClipMedia::Sequence { template, index, first, last }) if !clip.files.is_empty() => {
                let within = |own: &&str| {
                    frame_of(file_name(template), index, file_name(own)).is_some_and(|frame| (*first..=*last).contains(&frame))
                };
                clip.files.iter().all(within).then_some("the clip's files are frames of its sequence")
            }
            _ => {
                let name = clip.name.filter(|name| !name.is_empty())?;
                (name == self.name).then_some("the clip's name is the same")
            }
        }
    }
}

fn same_uuid(one: &str, other: &str) -> bool {
    let bare = |text: &str| text.trim().trim_start_matches("urn:uuid:").to_ascii_lowercase();
    !bare(one).is_empty() && bare(one) == bare(other)
}

fn file_name(path: &str) -> &str {
    path.trim().rsplit(['/', '\\']).next().unwrap_or_default()
}

/// Frame number of `name` by a template whose run of `index` stands for it.
fn frame_of(template: &str, index: &str, name: &str) -> Option<u64> {
    if index.is_empty() {
        return None;
    }
    let start = template.find(index)?;
    let mut end = start;
    while template[end..].starts_with(index) {
        end += index.len();
    }
    let (before, after) = (&template[..start], &template[end..]);
    let digits = name.strip_prefix(before)?.strip_suffix(after)?;
    let width = (end - start) / index.len();
    let plain = !digits.is_empty() && digits.len() >= width && digits.bytes().all(|byte| byte.is_ascii_digit());
    (plain && (digits.len() == width || !digits.starts_with('0'))).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amf(media: Option<ClipMedia>) -> Amf {
        let clip = Some(ClipId { name: "A001C012".to_owned(), media });
        let mut amf = Amf { clip, ..Amf::default() };
        amf.info.uuid = Some("urn:uuid:AFE122be-59d3-4360-ad69-33c10108fa7a".to_owned());
        amf
    }

    #[test]
    fn a_clip_is_matched_by_what_the_file_names() {
        let sequence =
            ClipMedia::Sequence { template: "A001_C012_AE0306_###.exr".to_owned(), index: "#".to_owned(), first: 1, last: 240 };
        let amf_of_sequence = amf(Some(sequence));
        let files = |files: &[&'static str]| ClipFacts { files: files.to_vec(), ..ClipFacts::default() };
        assert!(amf_of_sequence.belongs_to("x.amf", &files(&["A001_C012_AE0306_001.exr", "A001_C012_AE0306_240.exr"])).is_some());
        for other in ["A001_C012_AE0306_241.exr", "A001_C012_AE0306_0001.exr", "A001_C012_AE0306_.exr", "A001_C012_AE0306_1.exr"]
        {
            assert_eq!(amf_of_sequence.belongs_to("x.amf", &files(&[other])), None, "{other}");
        }
        let of_file = amf(Some(ClipMedia::File("media/A001C012.mov".to_owned())));
        assert!(of_file.belongs_to("x.amf", &files(&["A001C012.mov"])).is_some());
        assert_eq!(of_file.belongs_to("x.amf", &files(&["A001C013.mov"])), None);
        let named = ClipFacts { name: Some("A001C012"), ..ClipFacts::default() };
        assert!(amf(None).belongs_to("x.amf", &named).is_some());
        assert_eq!(amf(None).belongs_to("x.amf", &ClipFacts { name: Some("A001C01"), ..ClipFacts::default() }), None);
    }

    #[test]
    fn ale_columns_name_an_amf() {
        let uuid = ClipFacts { amf_uuid: Some("afe122be-59d3-4360-ad69-33c10108fa7a"), ..ClipFacts::default() };
        assert!(amf(None).belongs_to("x.amf", &uuid).is_some());
        let by_name = ClipFacts { amf_name: Some("show/look.amf"), ..ClipFacts::default() };
        assert!(Amf::default().belongs_to("look.amf", &by_name).is_some());
        assert!(Amf::default().belongs_to("look2.amf", &by_name).is_none());
        assert!(Amf::default().belongs_to("x.amf", &ClipFacts { name: Some(""), ..ClipFacts::default() }).is_none());
    }
}
