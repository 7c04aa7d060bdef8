//! Owns the commands that need no stored state: inspect, preview, color, export, forge, completions.

use super::{open, refused};
use crate::args::{Arguments, Color, Export, Forge, Inspect, Preview};
use crate::output::{Output, gigabytes};
use checkgate_app::PreviewOptions;
use checkgate_app::engines::color::eval::{self, EvalOptions};
use checkgate_app::engines::color::{Aces, ColorEngine, Engine, amf_processor};
use checkgate_app::engines::volume::files;
use checkgate_model::{ErrorCode, Problem, RelPath, Severity};
use checkgate_testkit::{CardSize, Damage, Family, ForgeOptions, forge_card_with};
use clap::CommandFactory;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Most rows of `color eval` from stdin.
const MOST_INPUT_BYTES: u64 = 1 << 30;
const MOST_AMF_BYTES: u64 = 64 << 20;

pub(crate) fn inspect(options: &Inspect, output: &Output) -> Result<u8, Problem> {
    let (recognition, records) = checkgate_app::inspect(&options.path)?;
    let worst = recognition.findings.iter().map(|finding| finding.severity).max();
    if output.json {
        output.value(&serde_json::json!({ "card": recognition, "records": records }));
    } else {
        output.line(&format!(
            "{}  {}  {} clips, {} files, {}",
            recognition.reel.as_deref().unwrap_or("no reel name"),
            recognition.family_name,
            recognition.clips.len(),
            recognition.file_count,
            gigabytes(recognition.size_bytes)
        ));
        for evidence in &recognition.evidence {
            output.line(&format!("  because {}", evidence.what));
        }
        for (clip, record) in recognition.clips.iter().zip(&records) {
            let parts = [
                record.text("tc.start"),
                record.text("camera.model"),
                record.text("codec.name"),
                record.text("image.width_height"),
                record.text("color.gamma"),
                gigabytes(clip.size_bytes()),
            ];
            let line: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            output.line(&format!("  {:<28} {}", clip.name, line.join("  ")));
            if options.fields {
                for (name, field) in &record.fields {
                    let value = field
                        .value
                        .as_ref()
                        .map_or_else(|| "the source says it is unknown".to_owned(), checkgate_model::FieldValue::display);
                    let conflict = if field.state == checkgate_model::FieldState::Conflict { "  (sources disagree)" } else { "" };
                    output.line(&format!("      {name:<26} {value} {}{conflict}", field.unit));
                    for said in &field.sources {
                        output.line(&format!("        {:<24} {:?} in {}", "", said.raw, said.source));
                    }
                }
            }
        }
        for folder in &recognition.empty_folders {
            output.line(&format!("  {folder}/  empty folder, kept by every copy"));
        }
        output.findings(&recognition.findings);
        output.note(&format!("read {} to find this out", gigabytes(recognition.bytes_read)));
    }
    Ok(u8::from(worst == Some(Severity::Error)))
}

pub(crate) async fn preview(options: Preview, output: &Output) -> Result<u8, Problem> {
    let render = PreviewOptions {
        input: options.input,
        aces: Aces::parse(&options.aces).ok_or_else(|| refused("--aces is 2.0 or 1.3"))?,
        width: options.width,
        png: options.png,
    };
    let (path, out) = (options.path, options.out);
    let json = output.json;
    let rendered = tokio::task::spawn_blocking(move || {
        let output = Output::new(json);
        checkgate_app::preview_folder(&path, &out, &render, &mut |clip| {
            if !json {
                let file = clip.path.as_ref().map_or_else(String::new, |path| format!("  {}", path.display()));
                output.line(&format!("{:<28} {}{file}", clip.clip, clip.words));
            }
        })
    })
    .await
    .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))??;
    if json {
        output.value(&rendered);
    }
    Ok(u8::from(rendered.iter().any(|clip| clip.problem.is_some())))
}

pub(crate) fn color(command: &Color, output: &Output) -> Result<u8, Problem> {
    let engine = Engine::shared().map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    match command {
        Color::List { aces } => {
            let aces = Aces::parse(aces).ok_or_else(|| refused("--aces is 2.0 or 1.3"))?;
            let listing = engine.list(aces).map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
            if output.json {
                output.value(&listing);
                return Ok(0);
            }
            output.line(&format!("configuration  {}", listing.config));
            for space in &listing.spaces {
                let aliases = if space.aliases.is_empty() { String::new() } else { format!("  ({})", space.aliases.join(", ")) };
                output.line(&format!("space    {}{aliases}", space.name));
            }
            for display in &listing.displays {
                output.line(&format!("display  {}", display.name));
                for view in &display.views {
                    output.line(&format!("  view   {view}"));
                }
            }
            for look in &listing.looks {
                output.line(&format!("look     {look}"));
            }
        }
        Color::Eval { aces, src, dst, display, view, look, cdl, amf } => {
            let options = EvalOptions {
                aces: aces.clone(),
                source: src.clone(),
                destination: dst.clone(),
                display: display.clone(),
                view: view.clone(),
                look: look.clone(),
                cdl: cdl.clone(),
            };
            let mut input = String::new();
            std::io::stdin()
                .take(MOST_INPUT_BYTES)
                .read_to_string(&mut input)
                .map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?;
            let answer = match amf {
                Some(file) => eval_amf(engine, file, &input, output)?,
                None => options.run(engine, &input).map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?,
            };
            output.line(answer.trim_end_matches('\n'));
        }
    }
    Ok(0)
}

/// Evaluates rows with the conversion of an AMF and says on stderr what it found in it.
fn eval_amf(engine: &Engine, file: &Path, input: &str, output: &Output) -> Result<String, Problem> {
    let read = |path: &Path| files::read_bounded(path, MOST_AMF_BYTES).map_err(|error| Problem::from_error(error.code(), &error));
    let xml = String::from_utf8_lossy(&read(file)?).into_owned();
    let folder = file.parent().unwrap_or_else(|| Path::new("."));
    let look = |path: &RelPath| read(&folder.join(path.as_str())).ok();
    let (processor, report) =
        amf_processor(engine, &xml, &look).map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?;
    for (word, lines) in [("step", &report.steps), ("applied already", &report.already_applied), ("note", &report.notes)] {
        for line in lines {
            output.note(&format!("{word}: {line}"));
        }
    }
    eval::run(processor.as_ref(), input).map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))
}

pub(crate) async fn export(home: Option<PathBuf>, options: &Export, output: &Output) -> Result<u8, Problem> {
    let exported = if options.path.is_dir() {
        let (card, records) = checkgate_app::inspect(&options.path)?;
        let folder = options.path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = card.reel.or(folder).unwrap_or_default();
        checkgate_app::export_records(&name, &records, &card.clips, &options.format)?
    } else {
        let app = open(home).await?;
        let card = app.find_card(&options.path.to_string_lossy()).await?;
        let exported = app.export_text(&card, &options.format).await?;
        app.shutdown().await;
        exported
    };
    for note in &exported.notes {
        output.note(&format!("note: {note}"));
    }
    if options.output == Path::new("-") {
        output.line(exported.text.trim_end_matches('\n'));
    } else {
        files::write_atomic(&options.output, exported.text.as_bytes())
            .map_err(|error| Problem::from_error(error.code(), &error))?;
        output.note(&format!("wrote {}", options.output.display()));
    }
    Ok(0)
}

pub(crate) async fn forge(options: Forge, output: &Output) -> Result<u8, Problem> {
    let family: Family = options.family.parse().map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?;
    let damage: Option<Damage> = options
        .damage
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?;
    let forge = ForgeOptions {
        family,
        seed: options.seed,
        size: if options.small { CardSize::Small } else { CardSize::Demo },
        damage,
        expected_path: options.expected,
    };
    let (out, json) = (options.out, output.json);
    let shown = out.clone();
    let forged = tokio::task::spawn_blocking(move || {
        let output = Output::new(json);
        forge_card_with(&out, &forge, &mut |words| output.note(&format!("  {words}")))
    })
    .await
    .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?
    .map_err(|error| Problem::from_error(ErrorCode::ToolFailed, &error))?;
    if output.json {
        output.value(&forged.expected);
    } else {
        output.line(&format!(
            "{}  {} clips, {} files, {} in {}",
            forged.reel,
            forged.expected.clips.len(),
            forged.expected.file_count,
            gigabytes(forged.expected.size_bytes),
            shown.display()
        ));
    }
    Ok(0)
}

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<u8, Problem> {
    clap_complete::generate(shell, &mut Arguments::command(), "checkgate", &mut std::io::stdout());
    Ok(0)
}
