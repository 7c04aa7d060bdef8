//! Owns the commands that read framing decision lists and edit decision lists and find the clips they speak of.

use super::{open, refused};
use crate::args_clips::{Edl, Fdl};
use crate::output::Output;
use checkgate_app::engines::interchange::edl_match::{EventMatch, FoundBy};
use checkgate_app::engines::interchange::{RollClip, edl, fdl};
use checkgate_app::engines::volume::files;
use checkgate_model::{Clip, ClipRecord, ErrorCode, FrameRate, Problem};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const MOST_LIST_BYTES: u64 = 64 << 20;

/// Clips with their records, and the card each comes from.
struct KnownClips {
    records: Vec<ClipRecord>,
    clips: Vec<Clip>,
    cards: Vec<String>,
}

impl KnownClips {
    /// Of folders and known cards; of everything that is known where none is named.
    async fn gather(home: Option<PathBuf>, names: &[String]) -> Result<Self, Problem> {
        let mut found = Self { records: Vec::new(), clips: Vec::new(), cards: Vec::new() };
        let known: Vec<&String> = names.iter().filter(|name| !Path::new(name.as_str()).is_dir()).collect();
        let mappings = checkgate_app::camera_mappings(home.clone()).await?;
        for folder in names.iter().filter(|name| Path::new(name.as_str()).is_dir()) {
            let (card, records) = checkgate_app::inspect(Path::new(folder), &mappings)?;
            let name = card.reel.clone().unwrap_or_else(|| folder.clone());
            found.cards.extend(std::iter::repeat_n(name, records.len()));
            found.clips.extend(card.clips);
            found.records.extend(records);
        }
        if !known.is_empty() || names.is_empty() {
            let app = open(home).await?;
            let ids = if names.is_empty() { None } else { Some(known) };
            let cards = match ids {
                None => app.card_ids().await?,
                Some(names) => {
                    let mut ids = Vec::new();
                    for name in names {
                        ids.push(app.find_card(name).await?);
                    }
                    ids
                }
            };
            for card in cards {
                let (name, pairs) = app.described_clips(&card).await?;
                for (clip, record) in pairs {
                    found.cards.push(name.clone());
                    found.clips.push(clip);
                    found.records.push(record);
                }
            }
            app.shutdown().await;
        }
        Ok(found)
    }

    fn rolls(&self) -> Vec<RollClip<'_>> {
        self.records.iter().zip(&self.clips).map(|(record, clip)| RollClip { record, clip: Some(clip) }).collect()
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Problem> {
    files::read_bounded(file, MOST_LIST_BYTES).map_err(|error| Problem::from_error(error.code(), &error))
}

fn read_fdl(file: &Path) -> Result<fdl::Fdl, Problem> {
    fdl::parse(&read(file)?).map_err(|error| {
        let mut problem = Problem::from_error(ErrorCode::BadRequest, &error);
        problem.summary = format!("{}: {}", file.display(), problem.summary);
        problem
    })
}

pub(crate) async fn fdl(home: Option<PathBuf>, command: Fdl, output: &Output) -> Result<u8, Problem> {
    match command {
        Fdl::Info { file } => info(&read_fdl(&file)?, output),
        Fdl::Check { file } => check(&read_fdl(&file)?, output),
        Fdl::Match { file, cards } => {
            let list = read_fdl(&file)?;
            let clips = KnownClips::gather(home, &cards).await?;
            match_clips(&list, &clips, output)
        }
        Fdl::Convert { file, output: to } => {
            let list = read_fdl(&file)?;
            let text = list.to_current().write();
            if to == Path::new("-") {
                output.line(text.trim_end_matches('\n'));
            } else {
                files::write_atomic(&to, text.as_bytes()).map_err(|error| Problem::from_error(error.code(), &error))?;
                output.note(&format!("wrote {}", to.display()));
            }
            Ok(0)
        }
    }
}

fn info(list: &fdl::Fdl, output: &Output) -> Result<u8, Problem> {
    let summary = list.summary();
    if output.json {
        output.value(&json!({
            "version": list.version().map(|(major, minor)| format!("{major}.{minor}")),
            "uuid": summary.uuid,
            "creator": summary.creator,
            "default_intent": summary.default_intent,
            "intents": summary.intents.iter().map(|intent| json!({ "id": intent.id, "label": intent.label, "aspect_ratio": intent.aspect_ratio })).collect::<Vec<_>>(),
            "canvases": summary.canvases.iter().map(|canvas| json!({
                "context": canvas.context, "id": canvas.id, "label": canvas.label, "source": canvas.source, "size": canvas.size,
                "effective": canvas.effective, "squeeze": canvas.squeeze, "clip": canvas.clip,
                "decisions": canvas.decisions.iter().map(|decision| json!({ "intent": decision.intent, "size": decision.size, "at": decision.at, "protection": decision.protection })).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "templates": summary.templates,
        }));
        return Ok(0);
    }
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let version = list.version().map_or_else(|| "-".to_owned(), |(major, minor)| format!("{major}.{minor}"));
    output.line(&format!("ASC FDL {version}  {}  by {}", or(&summary.uuid), or(&summary.creator)));
    for intent in &summary.intents {
        let default = if summary.default_intent.as_ref() == intent.id.as_ref() { "  (default)" } else { "" };
        output.line(&format!("  intent    {}  {}  {}{default}", or(&intent.id), or(&intent.label), or(&intent.aspect_ratio)));
    }
    for canvas in &summary.canvases {
        let derived = match (&canvas.source, &canvas.id) {
            (Some(source), Some(id)) if source != id => format!("  of {source}"),
            _ => String::new(),
        };
        let squeeze = canvas.squeeze.map_or_else(String::new, |squeeze| format!("  squeeze {squeeze}"));
        let clip = canvas.clip.as_ref().map_or_else(String::new, |clip| format!("  clip {clip}"));
        output.line(&format!(
            "  canvas    {}  {}  {}{squeeze}{derived}{clip}",
            or(&canvas.id),
            or(&canvas.label),
            or(&canvas.size)
        ));
        for decision in &canvas.decisions {
            let protection = decision.protection.as_ref().map_or_else(String::new, |size| format!("  protection {size}"));
            output.line(&format!(
                "    framing {}  {} at {}{protection}",
                or(&decision.intent),
                or(&decision.size),
                or(&decision.at)
            ));
        }
    }
    for template in &summary.templates {
        output.line(&format!("  template  {template}"));
    }
    Ok(0)
}

fn check(list: &fdl::Fdl, output: &Output) -> Result<u8, Problem> {
    let faults = list.check();
    if output.json {
        let rows: Vec<Value> = faults
            .iter()
            .map(|fault| json!({ "rule": format!("{:?}", fault.rule), "place": fault.place, "what": fault.what }))
            .collect();
        output.value(&rows);
    } else if faults.is_empty() {
        output.line("keeps every rule of ASC FDL 2.0");
    } else {
        for fault in &faults {
            output.line(&format!("{:<13} {}  {}", format!("{:?}", fault.rule), fault.place, fault.what));
        }
    }
    Ok(u8::from(!faults.is_empty()))
}

fn match_clips(list: &fdl::Fdl, known: &KnownClips, output: &Output) -> Result<u8, Problem> {
    let rolls = known.rolls();
    let found = list.match_clips(&rolls);
    let by = |by: fdl::MatchedBy| match by {
        fdl::MatchedBy::ClipId => "clip id",
        fdl::MatchedBy::CameraFormat => "camera format",
        fdl::MatchedBy::Raster => "raster",
    };
    let ambiguous = found.matches.windows(2).any(|pair| pair[0].clip == pair[1].clip);
    let disagree = found.matches.iter().any(|one| !one.disagreements.is_empty());
    if output.json {
        let rows: Vec<Value> = found
            .matches
            .iter()
            .map(|one| json!({ "clip": one.clip, "context": one.context, "canvas": one.canvas, "by": by(one.by), "disagreements": one.disagreements }))
            .collect();
        output.value(&json!({ "matches": rows, "unmatched": found.unmatched }));
    } else {
        for one in &found.matches {
            output.line(&format!("{:<28} {}  {}  by {}", one.clip, one.canvas, one.context, by(one.by)));
            for words in &one.disagreements {
                output.line(&format!("    {}", output.attention(words)));
            }
        }
        for clip in &found.unmatched {
            output.line(&format!("{clip:<28} {}", output.attention("no canvas fits")));
        }
        if ambiguous {
            output.note("clips with several canvases are ambiguous: a raster alone proves little");
        }
    }
    Ok(u8::from(ambiguous || disagree || !found.unmatched.is_empty()))
}

pub(crate) async fn edl(home: Option<PathBuf>, command: Edl, output: &Output) -> Result<u8, Problem> {
    let Edl::Read { file, rate, within } = command;
    let rate = FrameRate::parse(&rate).ok_or_else(|| refused(format!("{rate:?} is no rate (23.976, 24, 25, 29.97, ...)")))?;
    let text = String::from_utf8_lossy(&read(&file)?).into_owned();
    let list =
        edl::parse(&text, rate).map_err(|error| Problem::new(ErrorCode::BadRequest, format!("{}: {error}", file.display())))?;
    let known = KnownClips::gather(home, &within).await?;
    let matches = list.match_clips(&known.rolls());
    let mut open = list.unread.len();
    let mut rows = Vec::new();
    for (event, found) in list.events.iter().zip(&matches) {
        let (state, clips, words) = match found {
            EventMatch::NoClip => ("no_clip", Vec::new(), String::new()),
            EventMatch::Missing(why) => ("missing", Vec::new(), why.clone()),
            EventMatch::Found { clips, by } => {
                let by = match by {
                    FoundBy::Reel => "reel and timecode",
                    FoundBy::Name => "name and timecode",
                    FoundBy::ShortReel => "a reel cut to eight characters, and timecode",
                };
                (if clips.len() == 1 { "found" } else { "ambiguous" }, clips.clone(), by.to_owned())
            }
        };
        open += usize::from(matches!(state, "missing" | "ambiguous"));
        let shown: Vec<(&str, &str)> =
            clips.iter().map(|at| (known.cards[*at].as_str(), known.clips[*at].name.as_str())).collect();
        if output.json {
            rows.push(json!({
                "number": event.number, "reel": event.reel, "channels": event.channels,
                "source": [event.source.0.to_string(), event.source.1.to_string()],
                "record": [event.record.0.to_string(), event.record.1.to_string()],
                "clip_name": event.clip_name(), "state": state, "words": words,
                "clips": shown.iter().map(|(card, clip)| json!({ "card": card, "clip": clip })).collect::<Vec<_>>(),
            }));
            continue;
        }
        let names = shown.iter().map(|(card, clip)| format!("{card}/{clip}")).collect::<Vec<_>>().join(", ");
        let said = match state {
            "found" => format!("{names}  by {words}"),
            "ambiguous" => output.attention(&format!("several: {names}  by {words}")),
            "missing" => output.bad(&format!("missing: {words}")),
            _ => "no clip".to_owned(),
        };
        output.line(&format!("{:<4} {:<12} {} {}  {said}", event.number, event.reel, event.source.0, event.source.1));
    }
    if output.json {
        let unread: Vec<Value> =
            list.unread.iter().map(|line| json!({ "line": line.line, "text": line.text, "why": line.why })).collect();
        output.value(&json!({ "title": list.title, "rate": rate.to_string(), "events": rows, "unread": unread, "looked_at": known.clips.len() }));
    } else {
        for line in &list.unread {
            output.line(&output.bad(&format!("line {} is not read ({}): {}", line.line, line.why, line.text)));
        }
        output.note(&format!("{} events, {open} open, {} clips looked at", list.events.len(), known.clips.len()));
    }
    Ok(u8::from(open > 0))
}
