//! Owns the commands about pictures: still, scopes, sheet, qc, and the comparison of two pictures.

use super::media::setup;
use super::refused;
use crate::args_pictures::{ComparePictures, FramingArgs, Quality, Scopes, Sheet, Still};
use crate::output::Output;
use checkgate_app::engines::preview::{Desqueeze, DisplayCoding, Reading};
use checkgate_app::{
    FramingOptions, MadePictures, SheetOptions, StillOptions, check_quality, compare_pictures, make_scopes, make_sheet,
    make_still,
};
use checkgate_model::{ErrorCode, Problem};
use std::ops::ControlFlow;
use std::path::PathBuf;

pub(crate) fn framing(asked: FramingArgs) -> Result<FramingOptions, Problem> {
    Ok(FramingOptions {
        desqueeze: Desqueeze::parse(&asked.desqueeze)
            .ok_or_else(|| refused("--desqueeze is auto, off, or a factor from 0.25 to 4"))?,
        framelines: asked.framelines,
        crop: asked.crop,
        flip: asked.flip,
        flop: asked.flop,
    })
}

async fn working<T: Send + 'static>(work: impl FnOnce() -> Result<T, Problem> + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?
}

fn say(made: &MadePictures, output: &Output) {
    if output.json {
        output.value(made);
        return;
    }
    for file in &made.files {
        output.line(&file.display().to_string());
    }
    let by = &made.provenance;
    output.note(&format!("{} frame {}: {}, {}, {}", made.clip, by.frame, by.read_as, by.line(), by.scaled));
    for note in &made.notes {
        output.note(note);
    }
}

pub(crate) async fn still(home: Option<PathBuf>, options: Still, output: &Output) -> Result<u8, Problem> {
    let asked = StillOptions {
        frame: options.frame,
        input: options.input,
        width: options.width,
        framing: framing(options.framing)?,
        setup: setup(home).await?,
    };
    let made = working(move || make_still(&options.clip, &options.out, &asked)).await?;
    say(&made, output);
    Ok(0)
}

pub(crate) async fn scopes(home: Option<PathBuf>, options: Scopes, output: &Output) -> Result<u8, Problem> {
    let asked = StillOptions {
        frame: options.frame,
        input: options.input,
        width: None,
        framing: framing(options.framing)?,
        setup: setup(home).await?,
    };
    let made = working(move || make_scopes(&options.clip, &options.out, &asked)).await?;
    say(&made, output);
    Ok(0)
}

pub(crate) async fn sheet(home: Option<PathBuf>, options: Sheet, output: &Output) -> Result<u8, Problem> {
    let asked = SheetOptions {
        preset: options.preset,
        frames: options.frames,
        input: options.input,
        framing: framing(options.framing)?,
        setup: setup(home).await?,
    };
    let made = working(move || make_sheet(&options.path, &options.out, &asked)).await?;
    if output.json {
        output.value(&made);
    } else {
        output.line(&format!("{}  {} clips with pictures", made.path.display(), made.clips));
        for (clip, reason) in &made.without {
            output.line(&format!("  {clip}  no picture: {reason}"));
        }
        for note in &made.notes {
            output.note(note);
        }
    }
    Ok(0)
}

pub(crate) async fn quality(home: Option<PathBuf>, options: Quality, output: &Output) -> Result<u8, Problem> {
    let json = output.json;
    let setup = setup(home).await?;
    let answer = working(move || {
        let output = Output::new(json);
        check_quality(&options.path, options.input.as_deref(), &setup, &|clip, frames| {
            if frames.is_multiple_of(500) {
                output.note(&format!("{clip}  {frames} frames"));
            }
            ControlFlow::Continue(())
        })
    })
    .await?;
    if json {
        output.value(&answer);
    } else {
        for clip in &answer.clips {
            let words = clip.quality.as_ref().map_or_else(
                || "not looked at".to_owned(),
                |quality| {
                    format!("{} frames, {} sound streams, {} findings", quality.frames, quality.sound.len(), quality.faults.len())
                },
            );
            output.line(&format!("{:<28} {words}", clip.clip));
        }
        output.findings(&answer.findings);
    }
    Ok(u8::from(answer.worth_a_look()))
}

pub(crate) fn compare(options: &ComparePictures, output: &Output) -> Result<u8, Problem> {
    let coding = DisplayCoding::parse(&options.coding).ok_or_else(|| refused("--coding is rec1886, srgb, pq2020 or pq-p3"))?;
    if !(options.white > 0.0 && options.white <= 10_000.0) {
        return Err(refused("--white is a light above 0 and up to 10000 cd/m²"));
    }
    let limit = options.limit;
    let reading = Reading { coding, linear_white: options.white, input: options.input.as_deref() };
    let found = compare_pictures(&options.a, &options.b, options.map.as_deref(), reading)?;
    if output.json {
        output.value(&found);
    } else {
        output.line(&format!(
            "Delta E ITP  mean {:.3}  p99 {:.3}  max {:.3} at {},{}",
            found.mean, found.p99, found.max, found.max_at.0, found.max_at.1
        ));
        output.note(&format!("a: {}\nb: {}", found.a, found.b));
    }
    Ok(u8::from(limit.is_some_and(|limit| found.mean > limit)))
}
