//! Owns `checkgate repair` and `checkgate compare`.

use super::{Stopper, open, refused};
use crate::args::Depth;
use crate::args_repair::{Compare, Repair};
use crate::output::{Output, gigabytes};
use checkgate_app::engines::mhl::Author;
use checkgate_app::engines::offload::{CompareOptions, VerifyDepth};
use checkgate_app::manifests::Said;
use checkgate_app::{RepairRequest, compare_folders};
use checkgate_contract::repair_view::{ComparisonView, RepairView};
use checkgate_model::{ErrorCode, Problem};
use std::path::PathBuf;

fn read_depth(depth: Option<Depth>) -> Result<VerifyDepth, Problem> {
    match depth.map_or(VerifyDepth::Device, VerifyDepth::from) {
        VerifyDepth::None => Err(refused("files are judged by reading them; --depth none reads nothing")),
        depth => Ok(depth),
    }
}

pub(crate) async fn repair(home: Option<PathBuf>, options: Repair, output: &Output) -> Result<u8, Problem> {
    let depth = read_depth(options.depth)?;
    let app = open(home).await?;
    let authors = options.author.into_iter().map(|name| Author { name, ..Author::default() }).collect();
    let request = RepairRequest {
        copy: options.copy,
        siblings: options.from,
        depth,
        dry_run: options.dry_run,
        discard: options.discard,
        said: Said { authors, location: options.location, comment: options.comment },
    };
    let stopper = Stopper::start("repairing");
    let (control, meter) = stopper.handles();
    let ended = app.repair_copy(request, control, meter).await;
    stopper.end();
    app.shutdown().await;
    let view = ended?;
    if output.json {
        output.value(&view);
    } else {
        show_repair(&view, output);
    }
    Ok(view.exit_code)
}

fn show_repair(view: &RepairView, output: &Output) {
    let word = match (view.exit_code, view.dry_run) {
        (0, _) => output.good("WHOLE"),
        (4, _) => output.attention("STOPPED"),
        (_, true) => output.attention("WOULD REPAIR"),
        _ => output.bad("NOT WHOLE"),
    };
    output.line(&format!("{word}  {}", view.path));
    for path in &view.judged_by {
        output.line(&format!("  judged by    the history of {path}"));
    }
    output.line(&format!("  sound        {} files, {} read", view.sound, gigabytes(view.checked_bytes)));
    let count = |action: &str| view.files.iter().filter(|file| file.action == action).count();
    for action in ["mended", "restored", "left"] {
        output.line(&format!("  {action:<12} {}", count(action)));
        for file in view.files.iter().filter(|file| file.action == action) {
            output.line(&format!("    {}: {}", file.path, file.found));
            if file.problem.is_none() {
                output.line(&format!(
                    "      {} of {} blocks from {}",
                    file.blocks_replaced,
                    file.blocks_total,
                    if file.from.is_empty() { "no sibling" } else { "" }.to_owned() + &file.from.join(", ")
                ));
            }
            if let Some(evidence) = &file.evidence {
                output.line(&format!("      {evidence}"));
            }
            if let Some(problem) = &file.problem {
                output.line(&format!("      {problem}"));
            }
            for refused in &file.refused {
                output.line(&format!("      refused: {refused}"));
            }
        }
    }
    list(output, "set aside", &view.set_aside);
    for path in &view.discarded {
        output.line(&format!("  discarded    {path}"));
    }
    for path in &view.folders {
        output.line(&format!("  folder made  {path}"));
    }
    for path in &view.written {
        output.line(&format!("  written      {path}"));
    }
    list(output, "damaged", &view.damaged);
    for note in &view.notes {
        output.line(&format!("  note         {note}"));
    }
}

pub(crate) async fn compare(options: Compare, output: &Output) -> Result<u8, Problem> {
    let compare = CompareOptions { content: options.content, depth: read_depth(options.depth)? };
    let stopper = Stopper::start("comparing");
    let (control, meter) = stopper.handles();
    let work = tokio::task::spawn_blocking(move || compare_folders(&options.card, &options.copies, &compare, &control, &meter));
    let ended = work.await;
    stopper.end();
    let views = ended.map_err(|error| Problem::from_error(ErrorCode::Internal, &error))??;
    if output.json {
        match views.as_slice() {
            [only] => output.value(only),
            views => output.value(&views),
        }
    } else {
        for view in &views {
            show_comparison(view, output);
        }
    }
    Ok(views.iter().map(|view| view.exit_code).max().unwrap_or(0))
}

fn show_comparison(view: &ComparisonView, output: &Output) {
    let word = match view.state.as_str() {
        "equal" => output.good("EQUAL"),
        "stopped" => output.attention("STOPPED"),
        "unreadable" => output.bad("UNREADABLE"),
        _ => output.bad("DIFFERENT"),
    };
    output.line(&format!("{word}  {} against {}", view.path, view.reference));
    output.line(&format!("  compared     {}", view.compared));
    output.line(&format!("  equal        {} files, {}", view.equal, gigabytes(view.equal_bytes)));
    list(output, "missing", &view.missing);
    list(output, "extra", &view.extra);
    let reasons = |items: &[checkgate_contract::manifest_view::PathReason]| -> Vec<String> {
        items.iter().map(|item| format!("{}: {}", item.path, item.reason)).collect()
    };
    list(output, "changed", &reasons(&view.changed));
    let renamed: Vec<String> =
        view.renamed.iter().map(|moved| format!("{} is {} here, by {}", moved.from, moved.to, moved.by)).collect();
    list(output, "renamed", &renamed);
    list(output, "excluded", &reasons(&view.excluded));
    list(output, "unreadable", &reasons(&view.unreadable));
    if view.other_time > 0 {
        output.line(&format!("  note         {} file(s) of equal content have another time", view.other_time));
    }
}

/// Zero is shown as zero.
fn list(output: &Output, name: &str, lines: &[String]) {
    output.line(&format!("  {name:<12} {}", lines.len()));
    for line in lines.iter().take(200) {
        output.line(&format!("    {line}"));
    }
    if lines.len() > 200 {
        output.line(&format!("    and {} more; --json lists them all", lines.len() - 200));
    }
}
