//! Owns the clip metadata of Panasonic P2 (`CONTENTS/CLIP/*.XML`): what belongs to a clip and how it goes on. Names are matched
//! without their namespace, whose version varies.

use crate::xml::{child, child_text, parse, text_of};

const MAX_AUDIO: usize = 64;

/// One clip as its metadata has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct P2Clip {
    pub(crate) name: Option<String>,
    pub(crate) global_id: Option<String>,
    pub(crate) duration_frames: Option<i64>,
    /// Bytes of the video file that the index of the clip speaks of.
    pub(crate) video_bytes: Option<u64>,
    pub(crate) audio_files: usize,
    pub(crate) drop_frame: Option<bool>,
    /// Where this piece begins in the recording.
    pub(crate) offset_frames: Option<i64>,
    /// Ids or names of the pieces before and behind this one.
    pub(crate) previous: Option<String>,
    pub(crate) next: Option<String>,
}

impl P2Clip {
    /// Whether a neighbour's reference means this clip.
    pub(crate) fn is(&self, reference: &str) -> bool {
        [&self.global_id, &self.name].into_iter().flatten().any(|own| own.eq_ignore_ascii_case(reference))
    }
}

/// Reads the metadata of a clip; `None` if it is none.
pub(crate) fn clip(bytes: &[u8]) -> Option<P2Clip> {
    let text = text_of(bytes);
    let document = parse(&text)?;
    let content = child(document.root_element(), "ClipContent")?;
    let mut clip = P2Clip {
        name: child_text(content, "ClipName"),
        global_id: child_text(content, "GlobalClipID"),
        duration_frames: child_text(content, "Duration").and_then(|text| text.parse().ok()),
        ..P2Clip::default()
    };
    if let Some(essence) = child(content, "EssenceList") {
        let is_audio = |node: &roxmltree::Node<'_, '_>| node.is_element() && node.tag_name().name() == "Audio";
        clip.audio_files = essence.children().filter(is_audio).take(MAX_AUDIO).count();
        if let Some(video) = child(essence, "Video") {
            let number = |name: &str| {
                let node = child(video, "VideoIndex").unwrap_or(video);
                child_text(node, name).and_then(|text| text.parse::<u64>().ok())
            };
            clip.video_bytes =
                number("StartByteOffset").zip(number("DataSize")).and_then(|(start, size)| start.checked_add(size));
            let rate = child(video, "FrameRate");
            clip.drop_frame = rate
                .and_then(|node| crate::xml::attribute(node, "DropFrameFlag"))
                .map(|text| text.trim().eq_ignore_ascii_case("true"));
        }
    }
    if let Some(relation) = child(content, "Relation") {
        clip.offset_frames = child_text(relation, "OffsetInShot").and_then(|text| text.parse().ok());
        let neighbour = |name: &str| {
            let node = child(child(relation, "Connection")?, name)?;
            child_text(node, "GlobalClipID").or_else(|| child_text(node, "ClipName"))
        };
        (clip.previous, clip.next) = (neighbour("Previous"), neighbour("Next"));
    }
    Some(clip)
}
