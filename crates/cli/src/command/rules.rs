//! Owns the commands about rules and searching: each calls one use case and prints its answer.

use super::{open, refused};
use crate::args_clips::{Check, Explain, List, Override, Project, Rules, Search};
use crate::output::{Output, gigabytes};
use checkgate_app::engines::rules::{parse, profile_names};
use checkgate_app::engines::volume::files;
use checkgate_app::{App, RuleWords, RulesRequest, rule_profile, rules_in_words, understand};
use checkgate_contract::{ClipsRequest, OverrideRequest};
use checkgate_model::{ErrorCode, FrameRate, Problem};
use std::path::{Path, PathBuf};

const MOST_PROFILE_BYTES: u64 = 1 << 20;

pub(crate) async fn rules(home: Option<PathBuf>, command: Rules, output: &Output) -> Result<u8, Problem> {
    match command {
        Rules::Check(options) => check(home, options, output).await,
        Rules::List(options) => list(&options, output),
        Rules::Explain(options) => explain(&options, output),
        Rules::Override(options) => overriding(home, options, output).await,
        Rules::Overrides { card } => overrides(home, &card, output).await,
        Rules::Withdraw { card, code, .. } => withdraw(home, &card, code.as_deref(), output).await,
        Rules::Project(options) => project(home, options, output).await,
    }
}

async fn check(home: Option<PathBuf>, options: Check, output: &Output) -> Result<u8, Problem> {
    let app = open(home).await?;
    let request = RulesRequest {
        path: options.path,
        profile: options.profile,
        rules: options.rules,
        stills: options.stills,
        delivery: options.delivery,
        read: options.read,
    };
    let answer = app.check_rules(request).await;
    app.shutdown().await;
    let view = answer?;
    if output.json {
        output.value(&view);
    } else {
        let project = if view.project.is_empty() { String::new() } else { format!(" in project {}", view.project) };
        output.line(&format!(
            "{}  {} rules of {:?}{project}, {} clips, {} files",
            view.reel, view.rules, view.profile, view.clips, view.files
        ));
        if !view.rolls.is_empty() {
            output.line(&format!("  rolls: {}", view.rolls.join(", ")));
        }
        output.findings(&view.findings);
    }
    Ok(u8::from(view.counts.errors > 0))
}

fn list(options: &List, output: &Output) -> Result<u8, Problem> {
    if options.profiles {
        let profiles: Vec<(&str, String, usize)> = profile_names()
            .into_iter()
            .filter_map(|name| Some((name, rule_profile(Some(name), None).ok()?)))
            .map(|(name, profile)| (name, profile.title, profile.rules.len()))
            .collect();
        if output.json {
            let rows: Vec<_> = profiles
                .iter()
                .map(|(name, title, rules)| serde_json::json!({ "name": name, "title": title, "rules": rules }))
                .collect();
            output.value(&rows);
        } else {
            for (name, title, rules) in profiles {
                output.line(&format!("{name:<16} {title}, {rules} rules"));
            }
        }
        return Ok(0);
    }
    let profile = rule_profile(Some(&options.profile), options.rules.as_deref())?;
    let words = rules_in_words(&profile, false);
    if output.json {
        output.value(&words);
        return Ok(0);
    }
    output.line(&format!("{}  {}", profile.name, profile.title));
    for rule in &words {
        let override_words = if rule.overridable == Some(true) { "may be overridden" } else { "not overridable" };
        let severity = rule.severity.map_or_else(String::new, |severity| severity.to_string());
        output.line(&format!("  {severity:<8} {:<26} {override_words:<18} {}", rule.code, limits(rule)));
    }
    output.note("`checkgate rules explain CODE` says what a rule checks, why, and what to do now");
    Ok(0)
}

fn limits(rule: &RuleWords) -> String {
    rule.limits.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
}

fn explain(options: &Explain, output: &Output) -> Result<u8, Problem> {
    let profile = rule_profile(Some(&options.profile), options.rules.as_deref())?;
    let all = rules_in_words(&profile, true);
    let rule = all.iter().find(|rule| rule.code == options.code).ok_or_else(|| {
        Problem::new(ErrorCode::NotFound, format!("there is no code {:?}; `checkgate rules list` lists them", options.code))
    })?;
    if output.json {
        output.value(rule);
        return Ok(0);
    }
    output.line(&rule.code);
    output.line(&format!("  checks    {}", rule.what));
    output.line(&format!("  why       {}", rule.why));
    output.line(&format!("  do now    {}", rule.now));
    match (rule.severity, rule.overridable) {
        (Some(severity), Some(overridable)) => {
            let words = if overridable { "a named person may override it" } else { "nobody may override it" };
            output.line(&format!("  {:<9} {severity}; {words}", profile.name));
        }
        _ => output.line("  profiles  a check of the card itself; no profile changes it"),
    }
    if !rule.limits.is_empty() {
        output.line(&format!("  limits    {}", limits(rule)));
    }
    Ok(0)
}

/// A known card by name or folder; a folder that is not known yet is taken as a card.
async fn card_of(app: &App, words: &str) -> Result<String, Problem> {
    match app.find_card(words).await {
        Ok(card) => Ok(card),
        Err(_) if Path::new(words).is_dir() => {
            let card =
                app.add_card_folder(PathBuf::from(words)).await?.id.ok_or_else(|| refused("the card was not recognised"))?;
            // Its findings are those of the rules too.
            app.describe_card(&card, false).await?;
            Ok(card)
        }
        Err(problem) => Err(problem),
    }
}

async fn overriding(home: Option<PathBuf>, options: Override, output: &Output) -> Result<u8, Problem> {
    let app = open(home).await?;
    let card = card_of(&app, &options.card).await?;
    let request = OverrideRequest {
        card: card.clone(),
        code: options.code,
        path: options.path,
        clip: options.clip,
        by: options.by,
        reason: options.reason,
    };
    let count = app.override_findings(request).await?;
    let detail = app.card(&card).await?;
    if output.json {
        output.value(&detail);
    } else {
        output.line(&format!("{count} finding(s) overridden"));
        output.verdict(&detail.card);
        output.findings(&detail.findings);
    }
    app.shutdown().await;
    Ok(0)
}

async fn overrides(home: Option<PathBuf>, card: &str, output: &Output) -> Result<u8, Problem> {
    let app = open(home).await?;
    let rows = app.overrides(&app.find_card(card).await?).await?;
    app.shutdown().await;
    if output.json {
        output.value(&rows);
        return Ok(0);
    }
    if rows.is_empty() {
        output.line("nothing was overridden");
    }
    for row in rows {
        let ended = row.withdrawn_at.map_or_else(String::new, |at| format!(", taken back {at}"));
        output.line(&format!("{}  {} by {} at {}{ended}", row.code, row.reason, row.by, row.at));
        output.line(&format!("    {}", row.message));
    }
    Ok(0)
}

async fn withdraw(home: Option<PathBuf>, card: &str, code: Option<&str>, output: &Output) -> Result<u8, Problem> {
    let app = open(home).await?;
    let count = app.withdraw_overrides(&app.find_card(card).await?, code).await?;
    app.shutdown().await;
    if count == 0 {
        return Err(Problem::new(ErrorCode::NotFound, format!("nothing of {} is overridden", code.unwrap_or("this card"))));
    }
    if output.json {
        output.value(&serde_json::json!({ "withdrawn": count }));
    } else {
        output.line(&format!("{count} override(s) taken back"));
    }
    Ok(0)
}

async fn project(home: Option<PathBuf>, options: Project, output: &Output) -> Result<u8, Problem> {
    let app = open(home).await?;
    let before = app.rule_settings().await?;
    let mut settings = before.clone();
    let none = |text: &str| text.trim().eq_ignore_ascii_case("none");
    if let Some(name) = options.name {
        settings.project = name.trim().chars().take(120).collect();
    }
    if let Some(rate) = options.rate {
        settings.rate = if none(&rate) {
            None
        } else {
            Some(FrameRate::parse(&rate).ok_or_else(|| refused(format!("{rate:?} is no rate (23.976, 24, 25, 29.97, ...)")))?)
        };
    }
    if !options.encoding.is_empty() {
        settings.encodings = options.encoding.into_iter().filter(|encoding| !none(encoding)).collect();
    }
    if let Some(aces) = options.aces {
        settings.aces = (!none(&aces)).then_some(aces);
    }
    if let Some(profile) = options.profile {
        rule_profile(Some(&profile), None)?;
        settings.profile = profile;
        settings.own = None;
    }
    if let Some(file) = options.rules {
        let bytes = files::read_bounded(&file, MOST_PROFILE_BYTES).map_err(|error| Problem::from_error(error.code(), &error))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        parse(&text).map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?;
        settings.own = Some(text);
    }
    if settings != before {
        app.store_rule_settings(&settings).await?;
    }
    let view = app.rule_settings_view().await?;
    app.shutdown().await;
    if output.json {
        output.value(&view);
        return Ok(0);
    }
    let or_none = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
    output.line(&format!("project   {}", or_none(&view.project)));
    output.line(&format!("profile   {} ({}){}", view.profile, view.profile_title, if view.own { ", of your own" } else { "" }));
    output.line(&format!("rate      {}", or_none(view.rate.as_deref().unwrap_or_default())));
    output.line(&format!("encoding  {}", or_none(&view.encodings.join(", "))));
    output.line(&format!("ACES      {}", or_none(view.aces.as_deref().unwrap_or_default())));
    Ok(0)
}

pub(crate) async fn search(home: Option<PathBuf>, options: Search, output: &Output) -> Result<u8, Problem> {
    let quoted = |word: &String| {
        if word.contains(char::is_whitespace) && !word.contains('"') { format!("\"{word}\"") } else { word.clone() }
    };
    let mut parts: Vec<String> = options.words.iter().map(quoted).collect();
    for (name, value) in [
        ("reel", options.reel),
        ("scene", options.scene),
        ("take", options.take),
        ("camera", options.camera),
        ("model", options.model),
        ("mode", options.mode),
        ("codec", options.codec),
        ("squeeze", options.squeeze),
        ("day", options.day),
        ("file", options.file),
    ] {
        parts.extend(value.map(|value| format!("{name}:\"{}\"", value.replace('"', ""))));
    }
    parts.extend(options.tc.iter().map(|tc| format!("tc:\"{}\"", tc.replace('"', ""))));
    let filter = parts.join(" ");
    // A page shows what it did not understand; a script must not take the answer to another question.
    if let Some(note) = understand(&filter).notes.into_iter().next() {
        return Err(refused(note));
    }
    let app = open(home).await?;
    let card = match &options.card {
        Some(words) => Some(app.find_card(words).await?),
        None => None,
    };
    let page = app.clips(ClipsRequest { card, filter, offset: 0, limit: options.limit.clamp(1, 500) }).await;
    app.shutdown().await;
    let page = page?;
    if output.json {
        output.value(&page);
    } else {
        for clip in &page.clips {
            let parts = [
                clip.tc_start.clone(),
                clip.tc_end.clone(),
                clip.rate.clone(),
                clip.slate.clone(),
                clip.camera.clone(),
                clip.codec.clone(),
                clip.picture_size.clone(),
                gigabytes(clip.size_bytes),
            ];
            let line: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            output.line(&format!("{:<12} {:<28} {}", clip.reel, clip.name, line.join("  ")));
        }
        let shown = page.clips.len();
        let more = if (page.total as usize) > shown { format!(", {shown} listed (--limit)") } else { String::new() };
        output.note(&format!("{} clip(s){more}", page.total));
    }
    Ok(u8::from(page.total == 0))
}
