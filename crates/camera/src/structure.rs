//! Owns the cheap structural check of one file (camera.md 1.3): it finds truncated and unfinalised recordings from a few
//! kilobytes. It must never say that a file is good: what it can say is that the structure is complete.

use crate::source::{ReadError, Source};
use crate::{ReadSeek, ari, cine, cineon, dpx, dv, exr, isobmff, jpeg, matroska, mxf, r3d, riff, tiff, transport};
use checkgate_model::{Finding, Severity};

/// Container of a file, by its first bytes (never by its name).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// QuickTime, MP4, BRAW, CRM.
    IsoBmff,
    /// SMPTE ST 377-1.
    Mxf,
    /// WAV, RF64, BW64, AVI.
    Riff,
    /// SMPTE ST 268.
    Dpx,
    /// OpenEXR.
    Exr,
    /// REDCODE.
    R3d,
    /// Phantom.
    Cine,
    /// ARRIRAW, one frame.
    Ari,
    /// TIFF and DNG.
    Tiff,
    /// MPEG transport stream.
    Transport,
    /// Raw DV.
    Dv,
    /// Cineon.
    Cineon,
    /// JPEG.
    Jpeg,
    /// Matroska, WebM.
    Matroska,
    /// None of these: the structure was not checked.
    Unknown,
}

/// What the check of one file found.
#[derive(Debug, Clone)]
pub struct StructureReport {
    /// The container.
    pub container: Container,
    /// `Some(true)`: structure complete; `Some(false)`: a finding says what is missing; `None`: this check cannot tell.
    pub complete: Option<bool>,
    /// What is wrong, without path (the caller knows it).
    pub findings: Vec<Finding>,
    /// Bytes read.
    pub bytes_read: u64,
}

/// Result of one format's check.
pub(crate) struct Checked {
    pub(crate) complete: Option<bool>,
    pub(crate) findings: Vec<Finding>,
}

impl Checked {
    pub(crate) fn complete() -> Self {
        Self { complete: Some(true), findings: Vec::new() }
    }

    pub(crate) fn cannot_tell() -> Self {
        Self { complete: None, findings: Vec::new() }
    }

    pub(crate) fn broken(finding: Finding) -> Self {
        Self { complete: Some(false), findings: vec![finding] }
    }
}

/// Hint for a recording that lacks its end or its index.
pub(crate) const HINT_KEEP: &str = "Do not format this card. Copy it again; if it is the same, play the clip in the camera and keep \
     the card aside for recovery.";

pub(crate) fn truncated(message: String) -> Finding {
    Finding::new("structure.truncated", Severity::Error, message, HINT_KEEP)
}

pub(crate) fn unfinalised(message: String) -> Finding {
    Finding::new(
        "structure.unfinalised",
        Severity::Error,
        message,
        "Put the card back into the camera, which may finish or salvage the recording; do not format it.",
    )
}

pub(crate) fn damaged(message: String) -> Finding {
    Finding::new("structure.damaged", Severity::Error, message, HINT_KEEP)
}

/// Sizes as people compare them.
pub(crate) fn sizes(declared: u64, present: u64) -> String {
    format!("declares {declared} bytes, {present} are present")
}

pub(crate) fn container_of(head: &[u8]) -> Container {
    let four = |at: usize| head.get(at..at + 4).unwrap_or_default();
    match four(0) {
        b"RIFF" | b"RF64" | b"BW64" => return Container::Riff,
        b"SDPX" | b"XPDS" => return Container::Dpx,
        b"II\x2a\0" | b"MM\0\x2a" => return Container::Tiff,
        [0x76, 0x2f, 0x31, 0x01] => return Container::Exr,
        b"ARRI" if head.get(4..8) == Some(&[0x12, 0x34, 0x56, 0x78]) || head.get(4..8) == Some(&[0x78, 0x56, 0x34, 0x12]) => {
            return Container::Ari;
        }
        _ => {}
    }
    match four(4) {
        b"RED1" | b"RED2" => return Container::R3d,
        b"ftyp" | b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"pnot" => return Container::IsoBmff,
        _ => {}
    }
    if cineon::begins(head) {
        return Container::Cineon;
    }
    if matroska::begins(head) {
        return Container::Matroska;
    }
    if dv::begins(head) {
        return Container::Dv;
    }
    if head.starts_with(&[0xff, 0xd8, 0xff]) {
        return Container::Jpeg;
    }
    if head.starts_with(b"CI") && head.get(2..4) == Some(&[0x2c, 0x00]) {
        return Container::Cine;
    }
    match (mxf::header_offset(head), transport::packet(head)) {
        (Some(_), _) => Container::Mxf,
        (None, Some(_)) => Container::Transport,
        (None, None) => Container::Unknown,
    }
}

/// Checks the structure of one file. `file_name` only decides what the file should have been when its first bytes say nothing.
#[must_use]
pub fn probe_structure(reader: &mut dyn ReadSeek, size_bytes: u64, file_name: &str) -> StructureReport {
    let mut source = Source::new(reader, size_bytes);
    let mut report = StructureReport { container: Container::Unknown, complete: None, findings: Vec::new(), bytes_read: 0 };
    let outcome = check(&mut source, &mut report, file_name);
    if let Err(error) = outcome {
        report.complete = Some(false);
        report.findings.push(finding_of(&error));
    }
    report.bytes_read = source.bytes_read();
    report
}

fn finding_of(error: &ReadError) -> Finding {
    match error {
        ReadError::Io(_) => Finding::new(
            "structure.unreadable",
            Severity::Error,
            error.to_string(),
            "Do not format this card. Try another reader and cable, then copy again.",
        ),
        ReadError::PastEnd { .. } => truncated(format!("the file ends too early: {error}")),
        ReadError::TooLarge | ReadError::Malformed(_) => damaged(format!("the structure breaks its format's rules: {error}")),
    }
}

fn check(source: &mut Source<'_>, report: &mut StructureReport, file_name: &str) -> Result<(), ReadError> {
    if source.size() == 0 {
        report.complete = Some(false);
        report.findings.push(Finding::new("structure.empty_file", Severity::Error, "the file has zero bytes", HINT_KEEP));
        return Ok(());
    }
    let head = source.up_to(0, 4096)?;
    if head.iter().all(|byte| *byte == 0) {
        let tail = source.up_to(source.size().saturating_sub(4096), 4096)?;
        if tail.iter().all(|byte| *byte == 0) {
            report.complete = Some(false);
            report.findings.push(Finding::new(
                "structure.blank",
                Severity::Error,
                "the file begins and ends with zeros only: space was reserved but nothing was written",
                HINT_KEEP,
            ));
            return Ok(());
        }
    }
    report.container = container_of(&head);
    let mut head = head;
    if report.container == Container::Unknown && expected_container(file_name) == Some("MXF") {
        // ST 377-1 allows 64 KiB before the header partition.
        head = source.up_to(0, 65_536 + 32)?;
        report.container = container_of(&head);
    }
    let checked = match report.container {
        Container::IsoBmff => isobmff::check(source)?,
        Container::Mxf => mxf::check(source, &head)?,
        Container::Riff => riff::check(source)?,
        Container::Dpx => dpx::check(source, &head)?,
        Container::Exr => exr::check(source)?,
        Container::R3d => r3d::check(source)?,
        Container::Cine => cine::check(source, &head)?,
        Container::Ari => ari::check(source, &head)?,
        // Makers build their still raws on TIFF and bend its rules.
        Container::Tiff if is_plain_tiff(file_name) => tiff::check(source, &head)?,
        Container::Tiff => Checked::cannot_tell(),
        Container::Transport => transport::check(source, &head)?,
        Container::Dv => dv::check(source)?,
        Container::Cineon => cineon::check(source, &head)?,
        Container::Jpeg => jpeg::check(source)?,
        Container::Matroska => matroska::check(source)?,
        Container::Unknown => match expected_container(file_name) {
            Some(expected) => Checked::broken(damaged(format!("the name says {expected}, the first bytes do not"))),
            None => Checked::cannot_tell(),
        },
    };
    report.complete = checked.complete;
    report.findings.extend(checked.findings);
    if source.size() == LARGEST_ON_FAT32 {
        for finding in report.findings.iter_mut().filter(|finding| finding.severity == Severity::Error) {
            finding.message.push_str("; this is the largest file that FAT32 can hold");
        }
    }
    Ok(())
}

const LARGEST_ON_FAT32: u64 = u32::MAX as u64;

fn is_plain_tiff(file_name: &str) -> bool {
    let extension = file_name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    matches!(extension.as_deref(), Some("tif" | "tiff" | "dng" | "gpr"))
}

/// What a name promises, for names whose formats always start with a known mark.
fn expected_container(file_name: &str) -> Option<&'static str> {
    let extension = file_name.rsplit_once('.')?.1.to_ascii_lowercase();
    Some(match extension.as_str() {
        "mov" | "mp4" | "braw" | "braw2" | "crm" | "insv" => "QuickTime or MP4",
        "mts" | "m2ts" => "an MPEG transport stream",
        "dng" | "tif" | "tiff" => "TIFF",
        "mxf" => "MXF",
        "wav" => "WAV",
        "dpx" => "DPX",
        "exr" => "OpenEXR",
        "cin" => "Cineon",
        "dv" => "DV",
        "mkv" | "webm" => "Matroska",
        "r3d" => "R3D",
        "cine" => "Phantom CINE",
        "ari" => "ARRIRAW",
        _ => return None,
    })
}
