//! Owns what makers' own tools print about a clip: ARRI Meta Extract, REDline, the extract tool of the Blackmagic RAW kit, Canon's
//! and Sony's tables. People keep such dumps beside their clips. Expected values in tests are read off the dumps by hand.

mod arri;
mod blackmagic;
mod canon;
mod red;
mod sony;
mod table;

pub(crate) use arri::t_stop_of_linear_iris;
pub(crate) use blackmagic::tell_clip as tell_blackmagic_clip;
pub(crate) use red::cooke_dynamic;

use crate::vendor::Statements;
use table::Table;

/// Whose tool printed it, and which of its tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dump {
    Arri,
    RedClip,
    RedFrames,
    Blackmagic,
    CanonClip,
    CanonFrames,
    SonyFrames,
}

/// Largest dump that is read; a take of an hour with thirty columns is far smaller.
pub(crate) const MAX_DUMP_BYTES: u64 = 32 << 20;
/// What is needed to know a dump.
pub(crate) const HEAD_BYTES: u64 = 32 << 10;

/// What a text is, by its first lines.
pub(crate) fn kind_of(head: &str) -> Option<Dump> {
    if blackmagic::is_dump(head) {
        return Some(Dump::Blackmagic);
    }
    let table = Table::parse(head);
    let all = |names: &[&str]| names.iter().all(|name| table.has(name));
    if all(&["Master TC", "Camera Clip Name"]) {
        Some(Dump::Arri)
    } else if all(&["Clip Name", "REDCODE"]) || all(&["AltReelID", "Camera PIN"]) {
        Some(Dump::RedClip)
    } else if all(&["FrameNo", "Timecode"]) && (table.has("Cooke Metadata") || table.has("Acceleration X")) {
        Some(Dump::RedFrames)
    } else if all(&["Timescale", "Duration"]) && (table.has("LensSqueezeFactor") || table.has("ShotNumber")) {
        Some(Dump::CanonClip)
    } else if table.has("PhotographicSensitivity") || all(&["ApertureNumber", "ExposureTime"]) {
        Some(Dump::CanonFrames)
    } else if table.has("Focus Distance (ft)") || all(&["Focal Length (mm)", "Aperture"]) {
        Some(Dump::SonyFrames)
    } else {
        None
    }
}

/// The clip a dump speaks of: by what it says, else by its own name.
pub(crate) fn clip_of(dump: Dump, head: &str, file_name: &str) -> String {
    let column = match dump {
        Dump::Arri => "Camera Clip Name",
        Dump::RedClip => "Clip Name",
        _ => "",
    };
    let said = Table::parse(head).first(column).map(|name| name.trim().to_owned());
    said.filter(|name| !name.is_empty() && name.len() < 200 && !crate::names::is_vendor_unknown(name))
        .unwrap_or_else(|| clip_of_name(file_name))
}

/// `A001_C066_0303LZ_001.frames.csv` speaks of `A001_C066_0303LZ`, `x_Static.csv` and `x_Frames.csv` of `x`.
pub(crate) fn clip_of_name(file_name: &str) -> String {
    let stem = file_name.split('.').next().unwrap_or(file_name);
    let stem = if stem.is_empty() { file_name } else { stem };
    let mut name = stem;
    for suffix in ["static", "frames", "frame", "meta", "metadata", "clip"] {
        let cut = name.len().checked_sub(suffix.len() + 1).filter(|cut| name.is_char_boundary(*cut));
        if let Some((front, back)) = cut.map(|cut| name.split_at(cut))
            && back.strip_prefix(['_', '-']).is_some_and(|back| back.eq_ignore_ascii_case(suffix))
            && !front.is_empty()
        {
            name = front;
        }
    }
    // `…M01` is how Sony names the metadata beside a clip, `_001` how RED numbers segments.
    let bytes = name.as_bytes();
    let sidecar = bytes.len() > 3 && bytes[bytes.len() - 3] == b'M' && bytes[bytes.len() - 2..].iter().all(u8::is_ascii_digit);
    let segment = bytes.len() > 4 && bytes[bytes.len() - 4] == b'_' && bytes[bytes.len() - 3..].iter().all(u8::is_ascii_digit);
    let cut = if sidecar {
        3
    } else if segment {
        4
    } else {
        0
    };
    name[..name.len() - cut].to_owned()
}

/// States everything a dump says.
pub(crate) fn tell(said: &mut Statements, dump: Dump, text: &str, file_name: &str) {
    if dump == Dump::Blackmagic {
        return blackmagic::tell(said, text, file_name);
    }
    let table = Table::parse(text);
    match dump {
        Dump::Arri => arri::tell(said, &table, file_name),
        Dump::RedClip => red::tell_clip(said, &table, file_name),
        Dump::RedFrames => red::tell_frames(said, &table, file_name),
        Dump::CanonClip => canon::tell_clip(said, &table, file_name),
        Dump::CanonFrames => canon::tell_frames(said, &table, file_name),
        Dump::SonyFrames => sony::tell_frames(said, &table, file_name),
        Dump::Blackmagic => {}
    }
}

/// The rate of a clip by Canon's two tables, with what it was made of.
pub(crate) fn canon_rate(clip: &str, frames: &str) -> Option<(checkgate_model::FrameRate, String)> {
    let clip = Table::parse(clip);
    let number = |column: &str| clip.first(column).and_then(crate::values::number_in);
    let (duration, timescale) = (number("Duration")?, number("Timescale")?);
    let rows = Table::parse(frames).frames()?;
    let rate = canon::rate_of(duration, timescale, rows as usize)?;
    Some((rate, format!("{duration} / {timescale} s, {rows} frames")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_finds_its_clip_by_name() {
        for (file, clip) in [
            ("A001_C066_0303LZ_001.frames.csv", "A001_C066_0303LZ"),
            ("D001C005_210716AGM01.xml", "D001C005_210716AG"),
            ("20221007_TNumber_CanonCameraMetadata_Static.csv", "20221007_TNumber_CanonCameraMetadata"),
            ("20221007_TNumber_CanonCameraMetadata_Frames.csv", "20221007_TNumber_CanonCameraMetadata"),
            ("metadata.txt", "metadata"),
            ("é_META.csv", "é"),
        ] {
            assert_eq!(clip_of_name(file), clip, "{file}");
        }
    }

    #[test]
    fn other_tables_are_no_dumps() {
        assert_eq!(kind_of("File Name,Channels,Tape,Scene,Take\nA,2,,1,2\n"), None);
        assert_eq!(kind_of("just words: of a text\nand more"), None);
        assert_eq!(kind_of(""), None);
    }
}
