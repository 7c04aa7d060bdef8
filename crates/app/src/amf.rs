//! Owns what an ACES Metadata File says beside its conversion: the time, the ids, the clip.

use crate::clock;
use checkgate_color::amf::{AmfFacts, ClipId, ClipMedia};

/// The facts of a new AMF, for the clip in a file of this name or as a template.
#[must_use]
pub fn amf_facts(clip_file: Option<&str>) -> AmfFacts {
    let id = || format!("urn:uuid:{}", clock::new_id());
    let clip = clip_file.map(|file| {
        let name = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        ClipId { name: name.to_owned(), media: Some(ClipMedia::File(file.to_owned())) }
    });
    AmfFacts { now: clock::now().to_string(), file_uuid: id(), pipeline_uuid: id(), clip, ..AmfFacts::default() }
}
