//! Owns the commands about cameras that do not name themselves: say what one is, list what was said, forget it.

use super::open;
use crate::output::Output;
use checkgate_app::MapRequest;
use checkgate_contract::{CameraMapping, MappedCamera};
use checkgate_model::Problem;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum Cameras {
    /// Say once what a camera is that does not name itself; it holds for its camera format on every card from then on.
    #[command(
        after_help = "Examples:\n  checkgate cameras map /media/CARD --set camera.make=Acme --set camera.model='X1 Mark II' --by 'K. Adams'\n  checkgate cameras map A003R1JL --clip C0001 --set color.gamma=V-Log --by K --note 'menu of the camera'\n  checkgate cameras map clip.mov --letter --set lens.squeeze=2 --by K\n\nA camera format is make, model, sensor mode (else recorded size), codec and squeeze as the recordings say them; --letter adds\nthe camera's letter. What the sources said stays beside it, as docs/fields.md describes. Known cards are told at once: records,\nsearch, findings and exports follow; pictures that were made keep their colour until their card is described again. Where two\nmappings fit, the later one wins. `checkgate cameras forget` takes it back."
    )]
    Map(MapCamera),
    /// List what was said about cameras.
    #[command(after_help = "Examples:\n  checkgate cameras list\n  checkgate cameras list --all --json")]
    List {
        /// With what was forgotten.
        #[arg(long)]
        all: bool,
    },
    /// Take back what was said about a camera. That it was said stays recorded.
    #[command(after_help = "Example:\n  checkgate cameras forget 0190e2b4")]
    Forget {
        /// Id, or how it begins.
        id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct MapCamera {
    /// Folder or file with clips of the camera; or reel, label or id of a known card.
    path: String,
    /// A clip of the camera that is meant, where there are several camera formats.
    #[arg(long, value_name = "NAME")]
    clip: Option<String>,
    /// Only the camera of that clip's letter.
    #[arg(long)]
    letter: bool,
    /// What is to be known of it, e.g. camera.model='X1' or color.gamma=S-Log3; once for each.
    #[arg(long = "set", value_name = "FIELD=VALUE", required = true, value_parser = pair)]
    fields: Vec<(String, String)>,
    /// Your name.
    #[arg(long, value_name = "NAME")]
    by: String,
    /// How you know.
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (field, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is not field=value"))?;
    Ok((field.trim().to_owned(), value.trim().to_owned()))
}

pub(crate) async fn cameras(home: Option<PathBuf>, command: Cameras, output: &Output) -> Result<u8, Problem> {
    let app = open(home).await?;
    let answer = match command {
        Cameras::Map(options) => {
            let request = MapRequest {
                path: options.path,
                clip: options.clip,
                letter: options.letter,
                fields: options.fields,
                by: options.by,
                note: options.note,
            };
            app.map_camera(request).await.map(|made| changed(&made, "remembered", output))
        }
        Cameras::List { all } => app.camera_mapping_list(all).await.map(|list| listed(&list, output)),
        Cameras::Forget { id } => app.forget_camera(&id).await.map(|made| changed(&made, "forgotten", output)),
    };
    app.shutdown().await;
    answer.map(|()| 0)
}

fn fields_of(mapping: &CameraMapping) -> String {
    let words = mapping.fields.iter().map(|set| format!("{} {}", set.field, set.value.as_deref().unwrap_or("")));
    words.collect::<Vec<_>>().join(", ")
}

fn changed(made: &MappedCamera, done: &str, output: &Output) {
    if output.json {
        output.value(made);
        return;
    }
    let mapping = &made.mapping;
    output.line(&format!("{}  {done}: {}", &mapping.id, fields_of(mapping)));
    output.line(&format!("  for {}", mapping.format));
    if made.clips > 0 {
        output.line(&format!("  holds for {} clip(s) looked at", made.clips));
    }
    if !made.cards.is_empty() {
        output.line(&format!("  known cards that changed: {}", made.cards.join(", ")));
    }
    output.note("pictures made before keep their colour until their card is described again");
}

fn listed(list: &[CameraMapping], output: &Output) {
    if output.json {
        output.value(&list);
        return;
    }
    for mapping in list {
        let gone = mapping.forgotten_at.as_ref().map_or_else(String::new, |at| format!("  (forgotten {at})"));
        output.line(&format!("{}  {}{gone}", mapping.id, fields_of(mapping)));
        let when: Vec<String> =
            mapping.when.iter().filter_map(|part| part.value.as_ref().map(|value| format!("{} {value}", part.field))).collect();
        output.line(&format!("  for {}  ({})", mapping.format, when.join(", ")));
        output.line(&format!("  by {}, {}", mapping.why, mapping.at));
    }
    if list.is_empty() {
        output.line("nothing was said about any camera; recordings speak for themselves");
    }
}
