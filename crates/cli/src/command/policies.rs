//! Owns `checkgate policies` and `checkgate sign-off`.

use super::{open, refused};
use crate::output::Output;
use checkgate_model::{Problem, SignOffKind};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Policies {
    /// Policy that decides from now on.
    #[arg(long = "use", value_name = "NAME")]
    chosen: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SignOffOptions {
    /// Reel, label or card id.
    card: String,
    /// For what.
    #[arg(value_parser = ["quality", "archived", "day-complete", "away"])]
    what: String,
    /// Who signs.
    #[arg(long, value_name = "NAME", required_unless_present = "withdraw")]
    by: Option<String>,
    /// Copy that was taken away, by label.
    #[arg(long, value_name = "LABEL")]
    copy: Option<String>,
    /// A word about it.
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    /// Take the signature back.
    #[arg(long)]
    withdraw: bool,
}

pub(crate) async fn policies(home: Option<PathBuf>, options: Policies, output: &Output) -> Result<u8, Problem> {
    let app = open(home).await?;
    if let Some(name) = &options.chosen {
        app.set_policy(name).await?;
    }
    let known = app.policies().await?;
    let set = app.settings().await?.policy;
    if output.json {
        output.value(&serde_json::json!({ "set": set, "policies": known }));
    } else {
        for (name, policy) in &known {
            let mark = if policy.name == set.name { "*" } else { " " };
            output.line(&format!("{mark} {name:<16} {}", if policy.about.is_empty() { &policy.name } else { &policy.about }));
        }
    }
    app.shutdown().await;
    Ok(0)
}

pub(crate) async fn sign_off(home: Option<PathBuf>, options: SignOffOptions, output: &Output) -> Result<u8, Problem> {
    let app = open(home).await?;
    let card = app.find_card(&options.card).await?;
    let wanted = options.what.replace('-', "_");
    let what =
        SignOffKind::ALL.into_iter().find(|kind| kind.name() == wanted).ok_or_else(|| refused("that cannot be signed for"))?;
    if options.withdraw {
        app.withdraw_sign_off(&card, what, options.copy.as_deref()).await?;
    } else {
        app.sign_off(&card, what, options.copy.as_deref(), options.by.as_deref().unwrap_or_default(), &options.note).await?;
    }
    let detail = app.card(&card).await?;
    if output.json {
        output.value(&detail);
    } else {
        output.card(&detail);
    }
    app.shutdown().await;
    Ok(0)
}
