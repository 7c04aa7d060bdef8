//! Owns Avid Log Exchange: Heading, Column, Data, tab separated. Readers are lenient (CR, LF, blank lines or none); the writer
//! gives what Avid and Resolve take: CRLF, blank lines between sections, `End` exclusive.

use crate::roll::{RollClip, int, rate};
use checkgate_model::{ClipRecord, FieldValue, FrameRate, Timecode};

/// Most rows and columns that are read; a card has some thousand clips, an ALE some hundred columns. Short rows are filled up, so
/// the table is bounded too: one long row among many would make all of them long.
const MAX_ROWS: usize = 200_000;
const MAX_COLUMNS: usize = 4_096;
const MAX_CELLS: usize = 4_000_000;

/// Why a text is no ALE.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AleError {
    /// There is no line `Heading`.
    #[error("no Heading section: this is no ALE")]
    NoHeading,
    /// There is no line `Column`, or it is followed by none.
    #[error("no Column section")]
    NoColumns,
    /// The fields are not separated by tabs.
    #[error("fields are separated by {0:?}; only TABS is supported")]
    Delimiter(String),
    /// More rows, columns or cells than any card has.
    #[error("more than {0} rows, columns or cells")]
    TooLarge(usize),
}

/// An ALE as it stands: every heading, column and cell, known or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ale {
    /// Heading lines: name and value, in order.
    pub heading: Vec<(String, String)>,
    /// Column names in order.
    pub columns: Vec<String>,
    /// Rows; each has as many cells as there are columns.
    pub rows: Vec<Vec<String>>,
}

impl Ale {
    /// Value of a heading, names compared without case.
    #[must_use]
    pub fn heading(&self, name: &str) -> Option<&str> {
        self.heading.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Frames per second of the heading.
    #[must_use]
    pub fn rate(&self) -> Option<FrameRate> {
        self.heading("FPS").and_then(FrameRate::parse)
    }

    /// Position of a column, names compared without case.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.trim().eq_ignore_ascii_case(name))
    }

    /// A cell of a row by column name; `None` where there is no such column or the cell is empty.
    #[must_use]
    pub fn cell<'a>(&'a self, row: &'a [String], column: &str) -> Option<&'a str> {
        row.get(self.column(column)?).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
    }

    /// The text of this ALE: CRLF lines, sections divided by a blank line.
    #[must_use]
    pub fn write(&self) -> String {
        let mut text = String::from("Heading\r\n");
        for (name, value) in &self.heading {
            text.push_str(&format!("{}\t{}\r\n", clean(name), clean(value)));
        }
        text.push_str("\r\nColumn\r\n");
        text.push_str(&self.columns.iter().map(|column| clean(column)).collect::<Vec<_>>().join("\t"));
        text.push_str("\r\n\r\nData\r\n");
        for row in &self.rows {
            text.push_str(&row.iter().map(|cell| clean(cell)).collect::<Vec<_>>().join("\t"));
            text.push_str("\r\n");
        }
        text
    }
}

/// A cell may hold neither a tab nor a line end: they would become other cells.
fn clean(cell: &str) -> String {
    cell.chars().map(|c| if c == '\t' || c == '\r' || c == '\n' { ' ' } else { c }).collect()
}

enum Section {
    Before,
    Heading,
    Column,
    Data,
}

/// Reads an ALE; a byte order mark, either line end and missing or additional blank lines are accepted. Short rows are filled
/// with empty cells; a row that is longer than the columns keeps its additional cells under empty column names.
pub fn parse(text: &str) -> Result<Ale, AleError> {
    let mut ale = Ale::default();
    let mut section = Section::Before;
    let text = text.trim_start_matches('\u{feff}');
    for line in text.split(['\n', '\r']) {
        let word = line.trim();
        match (&section, word) {
            (Section::Before, "Heading") => section = Section::Heading,
            (Section::Before, "") => {}
            (Section::Before, _) => return Err(AleError::NoHeading),
            (Section::Heading, "Column") => section = Section::Column,
            (Section::Column, "Data") if !ale.columns.is_empty() => section = Section::Data,
            (_, "") => {}
            (Section::Heading, _) => {
                // Some writers put every pair on one line.
                let parts: Vec<&str> = line.split('\t').map(str::trim).collect();
                for pair in parts.chunks(2) {
                    let (name, value) = (pair[0], pair.get(1).copied().unwrap_or(""));
                    if name.eq_ignore_ascii_case("FIELD_DELIM") && !value.eq_ignore_ascii_case("TABS") {
                        return Err(AleError::Delimiter(value.chars().take(20).collect()));
                    }
                    if !(name.is_empty() && value.is_empty()) {
                        ale.heading.push((name.to_owned(), value.to_owned()));
                    }
                }
            }
            (Section::Column, _) if ale.columns.is_empty() => {
                ale.columns = line.split('\t').map(|name| name.trim().to_owned()).collect()
            }
            (Section::Column, _) => {}
            (Section::Data, _) => ale.rows.push(line.split('\t').map(str::to_owned).collect()),
        }
        if ale.rows.len() > MAX_ROWS || ale.heading.len() > MAX_COLUMNS {
            return Err(AleError::TooLarge(MAX_ROWS));
        }
    }
    match section {
        Section::Before => return Err(AleError::NoHeading),
        Section::Heading => return Err(AleError::NoColumns),
        Section::Column | Section::Data if ale.columns.is_empty() => return Err(AleError::NoColumns),
        _ => {}
    }
    let widest = ale.rows.iter().map(Vec::len).max().unwrap_or(0).max(ale.columns.len());
    if widest > MAX_COLUMNS {
        return Err(AleError::TooLarge(MAX_COLUMNS));
    }
    // Avid ends lines with a tab: a column without a name and without a single value is none.
    while ale.columns.last().is_some_and(String::is_empty)
        && ale.rows.iter().all(|row| row.get(ale.columns.len() - 1).is_none_or(|cell| cell.trim().is_empty()))
    {
        ale.columns.pop();
    }
    let used = ale
        .rows
        .iter()
        .map(|row| row.iter().rposition(|cell| !cell.trim().is_empty()).map_or(0, |last| last + 1))
        .max()
        .unwrap_or(0);
    let width = used.max(ale.columns.len());
    if width.saturating_mul(ale.rows.len()) > MAX_CELLS {
        return Err(AleError::TooLarge(MAX_CELLS));
    }
    ale.columns.resize(width, String::new());
    for row in &mut ale.rows {
        row.resize(width, String::new());
    }
    Ok(ale)
}

/// Column of an ALE and the canonical field it shows.
const COLUMNS: &[(&str, &str)] = &[
    ("Name", "clip.name"),
    ("Tracks", ""),
    ("Start", "tc.start"),
    ("End", "tc.end"),
    ("Duration", ""),
    ("FPS", ""),
    ("Tape", "reel.name"),
    ("Camroll", "reel.name"),
    ("Reel_name", "reel.name"),
    ("Source File", "file.name"),
    ("Scene", "slate.scene"),
    ("Take", "slate.take"),
    ("Circle", "slate.circled"),
    ("Camera", "camera.index"),
    ("Manufacturer", "camera.make"),
    ("Camera_model", "camera.model"),
    ("Camera_sn", "camera.serial"),
    ("Sup_version", "camera.firmware"),
    ("Frame_width", ""),
    ("Frame_height", ""),
    ("Original_video", "codec.name"),
    ("Gamma", "color.gamma"),
    ("Color_space", "color.primaries"),
    ("Project_fps", "rate.project"),
    ("Sensor_fps", "rate.sensor"),
    ("Exposure_index", "exposure.index"),
    ("Shutter_angle", "exposure.shutter_angle"),
    ("White_balance", "wb.kelvin"),
    ("Cc_shift", "wb.tint"),
    ("Nd_filterdensity", "filter.nd"),
    ("Lens_type", "lens.model"),
    ("Lens_sn", "lens.serial"),
    ("Look_name", "look.name"),
    ("ASC_SOP", "look.cdl"),
    ("ASC_SAT", ""),
    ("Production", "prod.name"),
    ("Director", "prod.director"),
    ("Cinematographer", "prod.dop"),
    ("Location", "prod.location"),
    ("Soundroll", "sound.roll"),
    ("Audio SR", "audio.sample_rate"),
    ("Audio Bit Depth", "audio.bit_depth"),
    ("Date_camera", "time.recorded_at"),
    ("Uuid", "clip.uid"),
];

/// Columns that stay even where no record fills them: Avid asks for them.
const ALWAYS: &[&str] = &["Name", "Tracks", "Start", "End", "Duration", "FPS", "Tape", "Source File"];

/// An ALE of `records`. `fps` is the rate of the project; `video_format` is Avid's word for the raster (`1080`, `CUSTOM`).
/// Columns without a single value are left out. Records without a start timecode stay in: Avid starts them at zero.
#[must_use]
pub fn from_records(records: &[ClipRecord], fps: FrameRate, video_format: &str) -> Ale {
    let rate = rate_text(fps);
    let audio_khz = records.iter().find_map(|record| int(record, "audio.sample_rate"));
    let heading = [
        ("FIELD_DELIM", "TABS".to_owned()),
        ("VIDEO_FORMAT", video_format.to_owned()),
        ("AUDIO_FORMAT", audio_khz.map_or_else(|| "48khz".to_owned(), |rate| format!("{}khz", rate as f64 / 1000.0))),
        ("FPS", rate),
    ];
    let mut rows: Vec<Vec<String>> = Vec::with_capacity(records.len());
    for record in records {
        rows.push(COLUMNS.iter().map(|(column, field)| cell_of(record, column, field, fps)).collect());
    }
    let keep: Vec<usize> =
        (0..COLUMNS.len()).filter(|at| ALWAYS.contains(&COLUMNS[*at].0) || rows.iter().any(|row| !row[*at].is_empty())).collect();
    Ale {
        heading: heading.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        columns: keep.iter().map(|at| COLUMNS[*at].0.to_owned()).collect(),
        rows: rows.into_iter().map(|row| keep.iter().map(|at| row[*at].clone()).collect()).collect(),
    }
}

/// Avid's way to write a rate: `23.976`, `24`, `29.97`, `59.94`.
#[must_use]
pub fn rate_text(rate: FrameRate) -> String {
    if rate.den == 1 {
        return rate.num.to_string();
    }
    let three = format!("{:.3}", rate.as_f64());
    three.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Avid's word for the raster all clips share: `1080`, `720`, `PAL`, `NTSC`; anything else, or several, is `CUSTOM`.
#[must_use]
pub fn video_format(records: &[ClipRecord]) -> &'static str {
    let mut words = records.iter().filter_map(|record| RollClip { record, clip: None }.raster()).map(|raster| match raster {
        (1920, 1080) => "1080",
        (1280, 720) => "720",
        (720, 576) => "PAL",
        (720, 486) => "NTSC",
        _ => "CUSTOM",
    });
    let first = words.next().unwrap_or("CUSTOM");
    if words.all(|word| word == first) { first } else { "CUSTOM" }
}

/// Clips with a timecode of another rate than the list: a reader takes the heading's rate for every row.
#[must_use]
pub fn counted_at_another_rate(records: &[ClipRecord], fps: FrameRate) -> Vec<String> {
    records
        .iter()
        .map(|record| RollClip { record, clip: None })
        .filter(|clip| clip.start().is_some() && clip.timecode_rate() != Some(fps))
        .map(|clip| clip.name())
        .collect()
}

/// Numbers of a CDL always with a decimal point: readers look for it.
fn decimal(number: f64) -> String {
    let text = number.to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}

fn cell_of(record: &ClipRecord, column: &str, field: &str, fps: FrameRate) -> String {
    let clip = RollClip { record, clip: None };
    let frames = int(record, "duration.frames");
    let rate_of_row = clip.timecode_rate().unwrap_or(fps);
    match column {
        "Name" => clip.name(),
        "Tracks" => {
            let picture = record.get("image.width_height").is_some();
            let channels = int(record, "audio.channels").unwrap_or(0).clamp(0, 24);
            let sound = match channels {
                0 => String::new(),
                1 => "A1".to_owned(),
                2 => "A1A2".to_owned(),
                many => (1..=many).map(|channel| format!("A{channel}")).collect(),
            };
            format!("{}{sound}", if picture || channels == 0 { "V" } else { "" })
        }
        // A length counts as the start does, or a reader with the project's drop-frame flag would be two frames off per minute.
        "Duration" => frames
            .and_then(|frames| {
                let drop = clip.start().is_some_and(Timecode::is_drop);
                Timecode::from_frames(frames, rate_of_row.nominal(), drop).ok()
            })
            .map(|code| code.to_string())
            .unwrap_or_default(),
        "End" if record.get(field).is_none() => match (clip.start(), frames) {
            (Some(start), Some(frames)) => start.offset(frames).to_string(),
            _ => String::new(),
        },
        "FPS" => rate_text(rate_of_row),
        "Frame_width" | "Frame_height" => match record.get("image.width_height") {
            Some(FieldValue::Size(width, height)) => if column == "Frame_width" { width } else { height }.to_string(),
            _ => String::new(),
        },
        "Project_fps" | "Sensor_fps" => rate(record, field).map(rate_text).unwrap_or_default(),
        "Circle" => match record.get(field) {
            Some(FieldValue::Bool(true)) => "CIRCLE".to_owned(),
            _ => String::new(),
        },
        "ASC_SOP" => match record.get(field) {
            Some(FieldValue::List(sop)) if sop.len() >= 9 => {
                let group = |from: usize| sop[from..from + 3].iter().map(|number| decimal(*number)).collect::<Vec<_>>().join(" ");
                format!("({})({})({})", group(0), group(3), group(6))
            }
            _ => String::new(),
        },
        "ASC_SAT" => match record.get("look.cdl") {
            Some(FieldValue::List(sop)) if sop.len() >= 10 => decimal(sop[9]),
            _ => String::new(),
        },
        _ if field.is_empty() => String::new(),
        _ => record.text(field),
    }
}
