//! Owns the commands that need no stored state: inspect, preview, color, export, forge, completions.

use super::{open, refused};
use crate::args::{Arguments, Color, ColorRecipe, Export, Forge, Inspect, Preview};
use crate::output::{Output, gigabytes};
use checkgate_app::PreviewOptions;
use checkgate_app::engines::color::amf::{self, AmfFiles, AmfOptions};
use checkgate_app::engines::color::eval::{self, EvalOptions};
use checkgate_app::engines::color::{Aces, Cdl, ColorEngine, Engine, InputOverride, LookFile, UserConfig, cdl};
use checkgate_app::engines::volume::files;
use checkgate_model::{ClipRecord, ErrorCode, FieldState, Problem, RelPath, Severity};
use checkgate_testkit::{CardSize, Damage, Family, ForgeOptions, forge_card_with};
use clap::CommandFactory;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Most rows of `color eval` from stdin.
const MOST_INPUT_BYTES: u64 = 1 << 30;
const MOST_LOOK_BYTES: u64 = 256 << 20;
const MOST_AMF_BYTES: u64 = 64 << 20;

pub(crate) async fn inspect(home: Option<PathBuf>, options: &Inspect, output: &Output) -> Result<u8, Problem> {
    let mappings = checkgate_app::camera_mappings(home).await?;
    let (recognition, records) = checkgate_app::inspect(&options.path, &mappings)?;
    let worst = recognition.findings.iter().map(|finding| finding.severity).max();
    if output.json {
        output.value(&serde_json::json!({ "card": recognition, "records": records, "camera_formats": checkgate_model::camera_formats(&records) }));
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
            output.line(&format!("  {:<28} {}  {}", clip.name, clip_line(record), gigabytes(clip.size_bytes())));
            show_record(record, options.fields, output);
        }
        for record in records.iter().skip(recognition.clips.len()) {
            output.line(&format!("  {:<28} {}  metadata only", record.clip, clip_line(record)));
            show_record(record, options.fields, output);
        }
        for card in checkgate_model::camera_formats(&records) {
            output.line(&format!("  camera format: {} ({} clips)", card.key, card.clips.len()));
        }
        for folder in &recognition.empty_folders {
            output.line(&format!("  {folder}/  empty folder, kept by every copy"));
        }
        output.findings(&recognition.findings);
        output.note(&format!("read {} to find this out", gigabytes(recognition.bytes_read)));
    }
    Ok(u8::from(worst == Some(Severity::Error)))
}

/// What tells clips apart at a glance.
fn clip_line(record: &ClipRecord) -> String {
    let fields =
        ["tc.start", "rate.project", "duration.frames", "camera.model", "codec.name", "image.width_height", "color.gamma"];
    let parts = fields.map(|field| match (field, record.text(field)) {
        (_, text) if text.is_empty() => text,
        ("rate.project", text) => {
            format!("{} fps", checkgate_model::FrameRate::parse(&text).map_or(text, |rate| rate.to_string()))
        }
        ("duration.frames", text) => format!("{text} frames"),
        (_, text) => text,
    });
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
}

/// What a second look wants: reel, exposure, lens, slate; with `all` every field and what each source says.
fn show_record(record: &ClipRecord, all: bool, output: &Output) {
    if !all {
        let groups: [&[&str]; 4] = [
            &["reel.name", "camera.index", "camera.serial", "media.serial"],
            &["exposure.index", "exposure.iso", "exposure.shutter_angle", "exposure.time", "wb.kelvin", "filter.nd"],
            &["lens.model", "lens.focal_length", "lens.focus_distance", "lens.t_stop", "lens.f_stop", "lens.squeeze"],
            &["slate.scene", "slate.take", "sound.roll", "sound.tracks"],
        ];
        for group in groups {
            let known: Vec<String> = group
                .iter()
                .filter_map(|name| record.fields.get(*name).and_then(|field| Some((name, field, field.value.as_ref()?))))
                .map(|(name, field, value)| {
                    let mark = if field.state == FieldState::Conflict { " (sources disagree)" } else { "" };
                    let unit = if field.unit.is_empty() { String::new() } else { format!(" {}", field.unit) };
                    format!("{name} {}{unit}{mark}", value.display())
                })
                .collect();
            if !known.is_empty() {
                output.line(&format!("      {}", known.join(", ")));
            }
        }
        return;
    }
    for (name, field) in &record.fields {
        let value =
            field.value.as_ref().map_or_else(|| "the source says it is unknown".to_owned(), checkgate_model::FieldValue::display);
        let conflict = if field.state == FieldState::Conflict { "  (sources disagree)" } else { "" };
        let frames = match (field.per_frame, field.changes.len()) {
            (false, _) => String::new(),
            (true, 0) => "  (of a frame)".to_owned(),
            (true, changes) => format!("  (first of {changes} values over the clip)"),
        };
        output.line(&format!("      {name:<26} {value} {}{conflict}{frames}", field.unit));
        for said in &field.sources {
            output.line(&format!("        {:<24} {:?} in {}", "", said.raw, said.source));
        }
    }
}

/// What a person set up for pictures.
pub(crate) async fn setup(home: Option<PathBuf>) -> Result<checkgate_app::PictureSetup, Problem> {
    Ok(checkgate_app::PictureSetup {
        overrides: checkgate_app::input_overrides(home.clone())?,
        plugins: checkgate_app::decoder_plugins(home.clone()),
        mappings: checkgate_app::camera_mappings(home).await?,
    })
}

pub(crate) async fn preview(home: Option<PathBuf>, options: Preview, output: &Output) -> Result<u8, Problem> {
    let render = PreviewOptions {
        input: options.input,
        aces: Aces::parse(&options.aces).ok_or_else(|| refused("--aces is 2.0 or 1.3"))?,
        width: options.width,
        png: options.png,
        setup: setup(home).await?,
        framing: super::pictures::framing(options.framing)?,
    };
    let (path, out) = (options.path, options.out);
    let json = output.json;
    let rendered = tokio::task::spawn_blocking(move || {
        let output = Output::new(json);
        checkgate_app::preview_folder(&path, &out, &render, &mut |clip| {
            if !json {
                let file = clip.path.as_ref().map_or_else(String::new, |path| format!("  {}", path.display()));
                output.line(&format!("{:<28} {}{file}", clip.clip, clip.words));
                for note in &clip.notes {
                    output.note(note);
                }
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

/// What decodes pictures on this machine.
pub(crate) async fn tools(home: Option<PathBuf>, output: &Output) -> Result<u8, Problem> {
    let tools = tokio::task::spawn_blocking(move || checkgate_app::decoding_tools(home))
        .await
        .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
    if output.json {
        output.value(&tools);
        return Ok(0);
    }
    match &tools.ffmpeg {
        Some(ffmpeg) => {
            output.line(&format!("ffmpeg    {}  {}  {}", ffmpeg.version, ffmpeg.licence, ffmpeg.path.display()));
        }
        None => output.line(&format!("ffmpeg    none: {}", tools.ffmpeg_problem.as_deref().unwrap_or("not looked for"))),
    }
    output.line("built in  EXR, DPX, Cineon, DNG, ARRIRAW (no colour), TIFF, PNG, JPEG");
    for plugin in &tools.plugins {
        let words = plugin.name.clone().unwrap_or_else(|| format!("cannot be used: {}", plugin.problem.as_deref().unwrap_or("")));
        output.line(&format!("plug-in   {words}  {}", plugin.path.display()));
    }
    if let (true, Some(folder)) = (tools.plugins.is_empty(), &tools.plugin_folder) {
        output.line(&format!("plug-in   none in {}", folder.display()));
    }
    Ok(0)
}

fn show_overrides(all: &[InputOverride], output: &Output) {
    if output.json {
        output.value(&all);
        return;
    }
    for (number, over) in all.iter().enumerate() {
        let parts = [("make", &over.make), ("model", &over.model), ("format", &over.format), ("gamma", &over.gamma)];
        let fits: Vec<String> =
            parts.iter().filter_map(|(name, value)| value.as_ref().map(|value| format!("{name} {value}"))).collect();
        output.line(&format!("{:>3}  {}  for {}  ({})", number + 1, over.space, fits.join(", "), over.note));
    }
    if all.is_empty() {
        output.line("no input colour space is set for a camera format; pictures follow the metadata");
    }
}

pub(crate) fn color(home: Option<PathBuf>, command: &Color, output: &Output) -> Result<u8, Problem> {
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
        Color::Inputs => show_overrides(&checkgate_app::input_overrides(home)?, output),
        Color::SetInput { space, make, model, format, gamma, note } => {
            let over = InputOverride {
                make: make.clone(),
                model: model.clone(),
                format: format.clone(),
                gamma: gamma.clone(),
                space: space.clone(),
                note: note.clone(),
            };
            show_overrides(&checkgate_app::set_input_override(home, over)?, output);
            output.note("pictures made before keep their colour until their card is described again");
        }
        Color::ForgetInput { number } => {
            let gone = checkgate_app::forget_input_override(home.clone(), *number)?;
            output.note(&format!("{} is no longer set", gone.space));
            show_overrides(&checkgate_app::input_overrides(home)?, output);
        }
        Color::Compare(options) => return super::pictures::compare(options, output),
        Color::Amf { recipe, clip } => {
            let options = eval_options(recipe)?;
            let recipe = options.recipe().map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?;
            let facts = checkgate_app::amf_facts(clip.as_deref());
            let written = amf::compose(engine, &recipe, &options.looks, &facts).and_then(|amf| amf::write(&amf));
            output.line(written.map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?.trim_end());
        }
        Color::Eval { recipe, config, amf } => {
            let options = eval_options(recipe)?;
            let mut input = String::new();
            std::io::stdin()
                .take(MOST_INPUT_BYTES)
                .read_to_string(&mut input)
                .map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?;
            let answer = match amf {
                Some(file) => eval_amf(engine, file, &input, output)?,
                None => match config {
                    Some(file) => options.run(&user_config(file)?, &input),
                    None => options.run(engine, &input),
                }
                .map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?,
            };
            output.line(answer.trim_end_matches('\n'));
        }
    }
    Ok(0)
}

/// The options of a conversion, with the files they name read.
fn eval_options(recipe: &ColorRecipe) -> Result<EvalOptions, Problem> {
    let id = recipe.cdl_id.as_deref();
    let correction = recipe.cdl_file.as_deref().map(|file| correction(file, id)).transpose()?;
    let looks = recipe.lut.as_deref().map(|file| look_file(file, &recipe.lut_space)).transpose()?;
    Ok(EvalOptions {
        aces: recipe.aces.clone(),
        source: recipe.src.clone(),
        destination: recipe.dst.clone(),
        display: recipe.display.clone(),
        view: recipe.view.clone(),
        look: recipe.look.clone(),
        cdl: recipe.cdl.clone(),
        correction,
        looks: looks.into_iter().collect(),
    })
}

fn bytes_of(file: &Path) -> Result<Vec<u8>, Problem> {
    files::read_bounded(file, MOST_LOOK_BYTES).map_err(|error| Problem::from_error(error.code(), &error))
}

/// The correction of a CDL file.
fn correction(file: &Path, id: Option<&str>) -> Result<Cdl, Problem> {
    let bad = |error: checkgate_app::engines::color::ColorError| Problem::from_error(ErrorCode::BadRequest, &error);
    cdl::pick(&cdl::read(&bytes_of(file)?).map_err(bad)?, id).map_err(bad)
}

fn look_file(file: &Path, space: &str) -> Result<LookFile, Problem> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(LookFile { name, bytes: bytes_of(file)?, working_space: space.to_owned() })
}

/// A configuration of the user's own; `$OCIO` is looked up here, because the colour crate reads no environment.
fn user_config(file: &Path) -> Result<UserConfig, Problem> {
    let file = match file.to_str() {
        Some("$OCIO") => PathBuf::from(std::env::var_os("OCIO").ok_or_else(|| refused("the variable OCIO is not set"))?),
        _ => file.to_path_buf(),
    };
    let bad = |error: checkgate_app::engines::color::ColorError| Problem::from_error(ErrorCode::BadRequest, &error);
    if file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("ocioz")) {
        return UserConfig::from_archive(&file.to_string_lossy()).map_err(bad);
    }
    let text = String::from_utf8_lossy(&bytes_of(&file)?).into_owned();
    let folder = file.parent().unwrap_or_else(|| Path::new("."));
    UserConfig::from_text(&file.to_string_lossy(), &text, &folder.to_string_lossy()).map_err(bad)
}

/// Files beside and below an AMF.
struct BelowAmf(PathBuf);

impl AmfFiles for BelowAmf {
    fn read(&self, path: &RelPath) -> Option<Vec<u8>> {
        bytes_of(&self.0.join(path.as_str())).ok()
    }

    fn transforms(&self) -> Vec<RelPath> {
        let entries = std::fs::read_dir(&self.0).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| name.to_ascii_lowercase().ends_with(".clf")).filter_map(|name| RelPath::new(&name).ok()).collect()
    }
}

/// Evaluates rows with the conversion of an AMF and says on stderr what it found in it.
fn eval_amf(engine: &Engine, file: &Path, input: &str, output: &Output) -> Result<String, Problem> {
    let read = |path: &Path| files::read_bounded(path, MOST_AMF_BYTES).map_err(|error| Problem::from_error(error.code(), &error));
    let xml = String::from_utf8_lossy(&read(file)?).into_owned();
    let folder = file.parent().unwrap_or_else(|| Path::new("."));
    let (processor, report) = amf::read(&xml)
        .and_then(|amf| amf::resolve(engine, &amf, &BelowAmf(folder.to_path_buf()), AmfOptions::default()))
        .map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?;
    for (word, lines) in [("step", &report.steps), ("applied already", &report.already_applied), ("note", &report.notes)] {
        for line in lines {
            output.note(&format!("{word}: {line}"));
        }
    }
    eval::run(processor.as_ref(), input).map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))
}

pub(crate) async fn export(home: Option<PathBuf>, options: &Export, output: &Output) -> Result<u8, Problem> {
    let exported = if options.path.is_dir() {
        let mappings = checkgate_app::camera_mappings(home).await?;
        let (card, records) = checkgate_app::inspect(&options.path, &mappings)?;
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
    .map_err(|error| Problem::from_error(error.code(), &error))?;
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
