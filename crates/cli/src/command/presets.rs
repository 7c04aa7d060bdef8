//! Owns `checkgate presets`.

use super::{open, refused};
use crate::output::Output;
use checkgate_app::{App, parse_preset, preset_text};
use checkgate_contract::{FolderRequest, PresetDetail};
use checkgate_model::naming::Token;
use checkgate_model::{ErrorCode, Problem};
use clap::{Args, Subcommand};
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Presets {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print a preset as TOML, the folder it makes, and what its destinations are today.
    Show {
        /// Name.
        name: String,
        /// For this card: reel, label or id.
        #[arg(long)]
        card: Option<String>,
    },
    /// Use a preset from now on.
    Use {
        /// Name.
        name: String,
    },
    /// Store a TOML file as a preset of your own.
    Save {
        /// Name.
        name: String,
        /// File, or `-` for stdin.
        file: PathBuf,
    },
    /// Set values of a preset's tokens, e.g. day=13; an empty value takes one away.
    Set {
        /// Name.
        name: String,
        /// token=value.
        #[arg(required = true, value_parser = pair)]
        values: Vec<(String, String)>,
    },
    /// Remove a preset of your own.
    Remove {
        /// Name.
        name: String,
    },
    /// List what folder templates can ask for.
    Tokens,
    /// Try a folder template.
    Try {
        /// Template, e.g. '{date}_Day{day:2}/{roll}'.
        folder: String,
        /// For this card: reel, label or id; with examples where there is none.
        #[arg(long)]
        card: Option<String>,
        /// token=value.
        #[arg(long = "set", value_parser = pair)]
        values: Vec<(String, String)>,
    },
}

/// `token=value`, the token one that exists.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is not token=value"))?;
    let token: Token = name.trim().parse().map_err(|error: checkgate_model::naming::TemplateError| error.to_string())?;
    Ok((token.name().to_owned(), value.trim().to_owned()))
}

pub(crate) async fn presets(home: Option<PathBuf>, options: Presets, output: &Output) -> Result<u8, Problem> {
    let app = open(home).await?;
    match options.what {
        None => list(&app, output).await?,
        Some(What::Show { name, card }) => show(&app, &name, card, output).await?,
        Some(What::Use { name }) => {
            app.use_preset(&name).await?;
            list(&app, output).await?;
        }
        Some(What::Save { name, file }) => {
            let text = read(&file)?;
            app.save_preset(&name, &parse_preset(&name, &text)?).await?;
            show(&app, &name, None, output).await?;
        }
        Some(What::Set { name, values }) => {
            let mut preset = app.preset(&name).await?;
            for (token, value) in values {
                if value.is_empty() {
                    preset.values.remove(&token);
                } else {
                    preset.values.insert(token, value);
                }
            }
            app.save_preset(&name, &preset).await?;
            show(&app, &name, None, output).await?;
        }
        Some(What::Remove { name }) => {
            app.remove_preset(&name).await?;
            list(&app, output).await?;
        }
        Some(What::Tokens) => {
            let tokens = app.preset_list().await?.tokens;
            if output.json {
                output.value(&tokens);
            } else {
                for token in tokens {
                    output.line(&format!("{:<16} {}  (e.g. {})", token.name, token.words, token.example));
                }
            }
        }
        Some(What::Try { folder, card, values }) => {
            let works = sketch(&app, folder, values.into_iter().collect(), card, output).await?;
            app.shutdown().await;
            return Ok(if works { 0 } else { ErrorCode::BadRequest.exit_code() });
        }
    }
    app.shutdown().await;
    Ok(0)
}

fn read(file: &std::path::Path) -> Result<String, Problem> {
    let failed = |error: std::io::Error| Problem::new(ErrorCode::NotFound, format!("{} cannot be read: {error}", file.display()));
    let mut bytes = Vec::new();
    let most = 64 * 1024;
    if file == std::path::Path::new("-") {
        std::io::Read::read_to_end(&mut std::io::Read::take(std::io::stdin().lock(), most), &mut bytes).map_err(failed)?;
    } else {
        let opened = std::fs::File::open(file).map_err(failed)?;
        std::io::Read::read_to_end(&mut std::io::Read::take(opened, most), &mut bytes).map_err(failed)?;
    }
    String::from_utf8(bytes).map_err(|_| refused(format!("{} is not UTF-8", file.display())))
}

async fn list(app: &App, output: &Output) -> Result<(), Problem> {
    let known = app.preset_list().await?;
    if output.json {
        output.value(&known);
        return Ok(());
    }
    for preset in &known.presets {
        let mark = if preset.name == known.used { "*" } else { " " };
        let own = if preset.own { "your own" } else { "shipped" };
        let words = if preset.about.is_empty() { &preset.folder } else { &preset.about };
        output.line(&format!("{mark} {:<16} {own:<9} {words}", preset.name));
    }
    Ok(())
}

async fn show(app: &App, name: &str, card: Option<String>, output: &Output) -> Result<(), Problem> {
    let preset = app.preset(name).await?;
    if output.json {
        let own = app.presets().await?.get(name).is_some_and(|known| known.own);
        output.value(&PresetDetail::of(name, own, checkgate_app::is_shipped(name), &preset));
        return Ok(());
    }
    output.line(preset_text(&preset)?.trim_end());
    output.line("");
    sketch(app, preset.folder.clone(), preset.values.clone(), card, output).await?;
    match app.destinations_of(&preset).await {
        Ok(resolved) => {
            let known = app.destinations().await?;
            for (id, level) in &resolved.destinations {
                let path = known.iter().find(|one| one.id == *id).map_or("", |one| one.path.as_str());
                let from = if *level == 1 { "from the card".to_owned() } else { format!("level {level}, from a proven copy") };
                output.line(&format!("to      {path}  ({from})"));
            }
            for missing in &resolved.missing {
                output.line(&format!("absent  {missing}"));
            }
        }
        Err(problem) => output.note(&problem.summary),
    }
    Ok(())
}

/// Says what a template makes; the answer is whether it works.
async fn sketch(
    app: &App,
    folder: String,
    values: BTreeMap<String, String>,
    card: Option<String>,
    output: &Output,
) -> Result<bool, Problem> {
    let card = match card {
        Some(words) => Some(app.find_card(&words).await?),
        None => None,
    };
    let sketch = app.sketch_folder(FolderRequest { folder, values, card }).await?;
    if output.json {
        output.value(&sketch);
    } else {
        output.line(&format!("folder  {}", sketch.path));
        for note in &sketch.notes {
            output.note(note);
        }
        if let Some(problem) = &sketch.problem {
            output.note(problem);
        }
    }
    Ok(sketch.problem.is_none())
}
