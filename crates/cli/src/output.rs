//! Owns what is printed: results to stdout, everything else to stderr, JSON where it is asked for.

use checkgate_contract::{CardDetail, CardView, VerificationView};
use checkgate_model::{Finding, Problem, StationState};
use serde::Serialize;
use std::io::{IsTerminal, Write};

/// Where results go.
#[derive(Clone)]
pub(crate) struct Output {
    pub(crate) json: bool,
    colour: bool,
    silent: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() && !json;
        Self { json, colour, silent: false }
    }

    /// Output that keeps results to itself, for the demo, which prints its own words.
    pub(crate) const fn silent() -> Self {
        Self { json: false, colour: false, silent: true }
    }

    /// A line of the result. A reader that went away is no failure of ours.
    pub(crate) fn line(&self, text: &str) {
        if self.silent {
            return;
        }
        let mut out = std::io::stdout().lock();
        if writeln!(out, "{text}").is_err() {
            tracing::debug!("nobody reads stdout");
        }
    }

    /// A line about what is going on.
    pub(crate) fn note(&self, text: &str) {
        let mut out = std::io::stderr().lock();
        if writeln!(out, "{text}").is_err() {
            tracing::debug!("nobody reads stderr");
        }
    }

    /// The result as JSON.
    pub(crate) fn value<T: Serialize>(&self, value: &T) {
        self.line(&serde_json::to_string_pretty(value).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}")));
    }

    pub(crate) fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    pub(crate) fn good(&self, text: &str) -> String {
        self.paint("32", text)
    }

    pub(crate) fn bad(&self, text: &str) -> String {
        self.paint("31", text)
    }

    pub(crate) fn attention(&self, text: &str) -> String {
        self.paint("33", text)
    }

    /// A problem: what happened, why, what to do.
    pub(crate) fn problem(&self, problem: &Problem) {
        if self.json {
            self.value(problem);
            return;
        }
        self.note(&format!("error: {} [{}]", problem.summary, problem.code));
        for detail in &problem.details {
            self.note(&format!("  because: {detail}"));
        }
        self.note(&format!("  next: {}", problem.hint));
    }

    pub(crate) fn findings(&self, findings: &[Finding]) {
        if findings.is_empty() {
            self.line("findings: 0");
            return;
        }
        self.line(&format!("findings: {}", findings.len()));
        for finding in findings {
            let severity = match finding.severity {
                checkgate_model::Severity::Error => self.bad("error  "),
                checkgate_model::Severity::Warning => self.attention("warning"),
                checkgate_model::Severity::Note => "note   ".to_owned(),
            };
            let path = finding.path.as_ref().map_or_else(String::new, |path| format!("  {path}"));
            self.line(&format!("  {severity} {}{path}", finding.code));
            self.line(&format!("          {}", finding.message));
            self.line(&format!("          {}", finding.hint));
            if let Some(by) = &finding.overridden {
                self.line(&format!("          overridden by {} at {}: {}", by.by, by.at, by.reason));
            }
        }
    }

    /// The verdict with its reasons and the evidence of each copy.
    pub(crate) fn verdict(&self, card: &CardView) {
        if card.verdict.safe {
            self.line(&format!("{}  {}  ({})", card.reel, self.good("SAFE TO FORMAT"), card.verdict.policy));
        } else {
            let reasons = card.verdict.unmet.len();
            let plural = if reasons == 1 { "" } else { "s" };
            self.line(&format!(
                "{}  {}  {reasons} reason{plural} ({})",
                card.reel,
                self.attention("NOT YET"),
                card.verdict.policy
            ));
            for unmet in &card.verdict.unmet {
                self.line(&format!("  - {}", unmet.reason));
            }
        }
        for one in &card.verdict.overridden {
            self.line(&format!(
                "  overridden by {} at {}: {}  ({}: {})",
                one.by.by, one.by.at, one.by.reason, one.code, one.message
            ));
        }
        if card.local_verdict.safe {
            self.line(&format!("  {}", self.good("local copies may go")));
        } else if !card.copies.is_empty() {
            self.line("  local copies stay, because");
            for unmet in &card.local_verdict.unmet {
                self.line(&format!("  - {}", unmet.reason));
            }
        }
        for sign in &card.sign_offs {
            self.line(&format!(
                "  signed         {} by {} at {} {}",
                word(&sign.what).replace('_', " "),
                sign.by,
                sign.at,
                sign.note
            ));
        }
        for copy in &card.copies {
            let evidence = if copy.evidence_words.is_empty() { "not proven" } else { &copy.evidence_words };
            let method = if copy.method.is_empty() { String::new() } else { format!(": {}", copy.method) };
            let device = copy.device.as_deref().unwrap_or("device not known");
            self.line(&format!("  {:<14} {evidence}{method}", copy.label));
            self.line(&format!("  {:<14} {} · {device}", "", copy.path));
            if let Some(doubt) = &copy.doubt {
                self.line(&format!("  {:<14} {}", "", self.bad(&format!("no longer counts: {doubt}"))));
            }
        }
    }

    pub(crate) fn card(&self, detail: &CardDetail) {
        let card = &detail.card;
        self.line(&format!(
            "{}  {}  {} clips, {} files, {}",
            card.reel,
            card.facts,
            card.clips,
            card.files,
            gigabytes(card.size_bytes)
        ));
        let stations: Vec<String> = card
            .stations
            .iter()
            .map(|station| {
                let name = station.station.name();
                match station.state {
                    StationState::Done => self.good(&format!("[x] {name}")),
                    StationState::Working => format!("[~] {name}"),
                    StationState::Attention => self.attention(&format!("[!] {name}")),
                    StationState::Failed => self.bad(&format!("[-] {name}")),
                    StationState::Waiting => format!("[ ] {name}"),
                    StationState::NotAsked => format!(" .  {name}"),
                }
            })
            .collect();
        self.line(&stations.join("  "));
        self.verdict(card);
        for failed in &detail.failed_files {
            self.line(&format!("  {} {}: {}", self.bad("failed"), failed.path, failed.problem.summary));
        }
        self.findings(&detail.findings);
    }

    pub(crate) fn verification(&self, view: &VerificationView) {
        let list = |name: &str, paths: &[String]| {
            self.line(&format!("  {name:<12} {}", paths.len()));
            for path in paths.iter().take(200) {
                self.line(&format!("    {path}"));
            }
            if paths.len() > 200 {
                self.line(&format!("    and {} more; --json lists them all", paths.len() - 200));
            }
        };
        let word = match view.state.as_str() {
            "whole" => self.good("WHOLE"),
            "sizes_agree" => self.attention("SIZES AGREE"),
            "stopped" => self.attention("STOPPED"),
            _ => self.bad("DIFFERENCES"),
        };
        self.line(&format!("{word}  {}", view.path));
        for manifest in &view.manifests {
            self.line(&format!("  manifest     {manifest}"));
        }
        self.line(&format!(
            "  equal        {} files; {} read, {}",
            view.checked,
            gigabytes(view.bytes_total),
            view.evidence_words
        ));
        list("missing", &view.missing);
        list("extra", &view.extra);
        list("renamed", &view.renamed);
        list("mismatching", &view.mismatched);
        list("unreadable", &view.unreadable);
        list("damaged", &view.damaged);
        for note in &view.notes {
            self.line(&format!("  note         {note}"));
        }
    }
}

/// Decimal, as drives are sold.
pub(crate) fn gigabytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        1_000_000_000..1_000_000_000_000 => format!("{:.2} GB", bytes as f64 / 1e9),
        _ => format!("{:.2} TB", bytes as f64 / 1e12),
    }
}

/// `20MB`, `1.5GB`, `500k`: bytes, decimal.
pub(crate) fn parse_bytes(text: &str) -> Option<u64> {
    let text = text.trim().trim_end_matches("/s").trim_end_matches(['B', 'b']);
    let (digits, factor) = match text.chars().last()? {
        'k' | 'K' => (&text[..text.len() - 1], 1e3),
        'm' | 'M' => (&text[..text.len() - 1], 1e6),
        'g' | 'G' => (&text[..text.len() - 1], 1e9),
        _ => (text, 1.0),
    };
    let number: f64 = digits.trim().parse().ok()?;
    (number.is_finite() && number > 0.0 && number * factor < 1e15).then_some((number * factor) as u64)
}

/// The word of a state, as `--json` shows it.
pub(crate) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_decimal() {
        assert_eq!(parse_bytes("20MB"), Some(20_000_000));
        assert_eq!(parse_bytes("1.5 GB/s"), Some(1_500_000_000));
        assert_eq!(parse_bytes("500"), Some(500));
        for bad in ["", "fast", "-3MB", "0", "nanM"] {
            assert_eq!(parse_bytes(bad), None, "{bad}");
        }
    }
}
