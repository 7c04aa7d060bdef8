//! Owns progress on a terminal: one bar per lane with rate and estimate; plain lines where there is no terminal.

use crate::output::gigabytes;
use checkgate_app::App;
use checkgate_contract::{LaneTick, UiFrame};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const LINE_EVERY: Duration = Duration::from_secs(2);

/// Shows the frames of one card until dropped.
pub(crate) struct Progress {
    task: JoinHandle<()>,
    bars: MultiProgress,
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.task.abort();
        if self.bars.clear().is_err() {
            tracing::debug!("the terminal is gone");
        }
    }
}

impl Progress {
    /// Follows a card. With `--json` and quiet pipes nothing is shown but a line every two seconds on stderr.
    pub(crate) fn follow(app: &App, card: &str) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bars = MultiProgress::with_draw_target(if terminal {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        });
        let mut frames = app.frames();
        let (card, shown) = (card.to_owned(), bars.clone());
        let task = tokio::spawn(async move {
            let mut lanes: BTreeMap<String, ProgressBar> = BTreeMap::new();
            let mut last = Instant::now();
            loop {
                match frames.recv().await {
                    Ok(frame) => {
                        show(&frame, &card, &shown, &mut lanes);
                        if !terminal && last.elapsed() >= LINE_EVERY {
                            last = Instant::now();
                            line(&frame, &card);
                        }
                    }
                    Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => break,
                }
            }
        });
        Self { task, bars }
    }
}

fn words(lane: &LaneTick) -> String {
    let rate = if lane.bytes_per_sec > 0 { format!("{}/s", gigabytes(lane.bytes_per_sec)) } else { String::new() };
    let eta = lane.eta_secs.map_or_else(String::new, |secs| format!("{} left", duration(secs)));
    let limit = if lane.bottleneck { "limit" } else { "" };
    format!("{:<13} {rate:>11} {eta:>10} {limit}", lane.phase)
}

fn duration(secs: u32) -> String {
    match secs {
        0..60 => format!("{secs} s"),
        60..3600 => format!("{} min", secs.div_ceil(60)),
        _ => format!("{} h {:02} min", secs / 3600, secs % 3600 / 60),
    }
}

fn show(frame: &UiFrame, card: &str, shown: &MultiProgress, lanes: &mut BTreeMap<String, ProgressBar>) {
    let Some(tick) = frame.cards.iter().find(|tick| tick.card == card) else { return };
    for lane in &tick.lanes {
        let bar = lanes.entry(lane.id.clone()).or_insert_with(|| {
            let style =
                ProgressStyle::with_template("  {prefix:<12!} {bar:28} {percent:>3} %  {msg}").expect("the template is legal");
            let bar = shown.add(ProgressBar::new(lane.bytes_total).with_style(style.progress_chars("##-")));
            bar.set_prefix(lane.label.clone());
            bar
        });
        bar.set_length(lane.bytes_total.max(1));
        bar.set_position(lane.bytes_done);
        bar.set_message(words(lane));
    }
    if tick.lanes.is_empty() {
        lanes.clear();
        if shown.clear().is_err() {
            tracing::debug!("the terminal is gone");
        }
    }
}

fn line(frame: &UiFrame, card: &str) {
    let Some(tick) = frame.cards.iter().find(|tick| tick.card == card) else { return };
    let lanes: Vec<String> = tick
        .lanes
        .iter()
        .map(|lane| {
            let percent = (lane.bytes_done * 100).checked_div(lane.bytes_total).unwrap_or(0);
            format!("{} {} {percent} %", lane.label, lane.phase)
        })
        .collect();
    let mut text = if lanes.is_empty() { tick.words.clone() } else { lanes.join(" · ") };
    // Said apart only where they differ: with a cascade the card leaves long before everything is done.
    match (tick.card_free_secs, tick.eta_secs) {
        (Some(free), Some(all)) if all > free => {
            text.push_str(&format!(" · card free in {}, all done in {}", duration(free), duration(all)));
        }
        (Some(free), None) => text.push_str(&format!(" · card free in {}", duration(free))),
        (_, Some(all)) if all > 0 => text.push_str(&format!(" · {} left", duration(all))),
        _ => {}
    }
    let mut out = std::io::stderr().lock();
    if std::io::Write::write_all(&mut out, format!("  {text}\n").as_bytes()).is_err() {
        tracing::debug!("nobody reads stderr");
    }
}
