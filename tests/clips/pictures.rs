//! `checkgate still`, `sheet`, `scopes`, `qc` and `color compare` on a forged card, with the real ffmpeg.

use crate::support::{Stage, text};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;

fn ffmpeg() -> bool {
    let there = Command::new("ffmpeg").arg("-version").output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("SKIPPED: ffmpeg is not installed");
    }
    there
}

/// The file of a clip on the card.
fn file(root: &Path, name: &str) -> PathBuf {
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|found| found.to_string_lossy().starts_with(name)) {
                return path;
            }
        }
    }
    panic!("no {name} on the card");
}

/// Width and height of a PNG.
fn size(path: &Path) -> (u32, u32) {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    let at = |from: usize| u32::from_be_bytes(bytes[from..from + 4].try_into().unwrap());
    (at(16), at(20))
}

#[test]
fn stills_scopes_and_comparisons_are_made_of_one_clip() {
    if !ffmpeg() {
        return;
    }
    let stage = Stage::new("stills");
    let (card, _) = stage.card("card");
    let clip = file(&card, "A003C001_261123_R1JL.");
    let (exr, png, wide) = (stage.path("a.exr"), stage.path("a.png"), stage.path("wide.png"));
    let made = stage.run(&["still", text(&clip), "--frame", "2", "--out", text(&exr), "--json"]).expect(0);
    assert_eq!((made.at("/provenance/frame"), made.at("/provenance/output")), (&json!(2), &json!("ACES2065-1")));
    let head = std::fs::read(&exr).unwrap();
    let holds = |words: &[u8]| head.windows(words.len()).any(|window| window == words);
    for name in ["acesImageContainerFlag", "chromaticities", "timeCode", "cameraModel", "reelName", "framesPerSecond"] {
        assert!(holds(name.as_bytes()), "{name}");
    }
    // Nothing is overwritten.
    stage.run(&["still", text(&clip), "--out", text(&exr)]).expect(3);
    stage.run(&["still", text(&clip), "--frame", "2", "--out", text(&png)]).expect(0);
    stage.run(&["still", text(&clip), "--frame", "2", "--out", text(&wide), "--desqueeze", "2.0"]).expect(0);
    let ((width, height), (twice, same)) = (size(&png), size(&wide));
    assert_eq!((twice, same), (width * 2, height));
    stage.run(&["still", text(&clip), "--out", text(&stage.path("b.png")), "--desqueeze", "7"]).expect(2);
    stage.run(&["still", text(&clip), "--out", text(&stage.path("b.gif"))]).expect(2);
    stage.run(&["still", text(&clip), "--frame", "99999", "--out", text(&stage.path("c.png"))]).expect(2);

    let scopes = stage.path("scopes");
    let made = stage.run(&["scopes", text(&clip), "--out", text(&scopes), "--json"]).expect(0);
    assert_eq!(made.at("/files").as_array().map(Vec::len), Some(6), "{}", made.text);
    for name in ["waveform", "parade", "vectorscope", "histogram", "peaking", "false-colour"] {
        size(&scopes.join(format!("{name}.png")));
    }

    let same = stage.run(&["color", "compare", text(&png), text(&png), "--json"]).expect(0);
    assert_eq!((same.at("/mean"), same.at("/max")), (&json!(0.0), &json!(0.0)));
    let other = stage.path("other.png");
    stage.run(&["still", text(&clip), "--frame", "0", "--flop", "--out", text(&other)]).expect(0);
    let map = stage.path("map.png");
    let asked = ["color", "compare", text(&png), text(&other), "--map", text(&map), "--limit", "0.5", "--json"];
    let apart = stage.run(&asked).expect(1);
    assert!(apart.at("/mean").as_f64().unwrap() > 0.5 && size(&map) == size(&png), "{}", apart.text);
    stage.run(&["color", "compare", text(&png), text(&wide)]).expect(2);
}

#[test]
fn framelines_of_a_list_are_drawn_and_cropped_to() {
    if !ffmpeg() {
        return;
    }
    let stage = Stage::new("framelines");
    let (card, _) = stage.card("card");
    let clip = file(&card, "A003C001_261123_R1JL.");
    let plain = stage.path("plain.png");
    stage.run(&["still", text(&clip), "--desqueeze", "off", "--out", text(&plain)]).expect(0);
    let (width, height) = size(&plain);
    let list = stage.path("show.fdl");
    let document = json!({
        "uuid": "11111111-2222-4333-8444-555555555555", "version": { "major": 2, "minor": 0 }, "fdl_creator": "test",
        "framing_intents": [{ "id": "W", "label": "2.39", "aspect_ratio": { "width": 239, "height": 100 }, "protection": 0.0 }],
        "contexts": [{ "label": "cam", "clip_id": { "clip_name": "A003C001_261123_R1JL" }, "canvases": [{
            "id": "C", "label": "open gate", "source_canvas_id": "C", "dimensions": { "width": width, "height": height },
            "anamorphic_squeeze": 1.0,
            "framing_decisions": [{ "id": "C-W", "label": "", "framing_intent_id": "W",
                "dimensions": { "width": width / 2, "height": height / 2 }, "anchor_point": { "x": width / 4, "y": height / 4 } }]
        }] }]
    });
    std::fs::write(&list, document.to_string()).unwrap();
    let (framed, cropped) = (stage.path("framed.png"), stage.path("cropped.png"));
    let made =
        stage.run(&["still", text(&clip), "--framelines", text(&list), "--desqueeze", "off", "--out", text(&framed), "--json"]);
    assert_eq!(made.expect(0).at("/notes"), &json!([]));
    assert!(std::fs::read(&framed).unwrap() != std::fs::read(&plain).unwrap());
    let asked = ["still", text(&clip), "--framelines", text(&list), "--crop", "W", "--desqueeze", "off", "--out", text(&cropped)];
    stage.run(&asked).expect(0);
    let (w, h) = size(&cropped);
    assert!(w.abs_diff(width / 2) <= 1 && h.abs_diff(height / 2) <= 1, "{w}x{h} of {width}x{height}");
    // A list about another clip draws nothing and says so.
    std::fs::write(&list, document.to_string().replace("A003C001_261123_R1JL", "B001C001")).unwrap();
    let other = stage.path("x.png");
    let said = stage.run(&["still", text(&clip), "--framelines", text(&list), "--out", text(&other), "--json"]).expect(0);
    assert!(said.at("/notes/0").as_str().unwrap().contains("no canvas"), "{}", said.text);
    stage.run(&["still", text(&clip), "--crop", "W", "--out", text(&stage.path("y.png"))]).expect(2);
}

#[test]
fn sheets_keep_the_place_of_what_cannot_be_shown() {
    if !ffmpeg() {
        return;
    }
    let stage = Stage::new("sheets");
    let (card, _) = stage.card("card");
    let broken = file(&card, "A003C002_261123_R1JL.");
    let bytes = std::fs::read(&broken).unwrap();
    std::fs::write(&broken, &bytes[..bytes.len() / 3]).unwrap();
    for (name, arguments) in
        [("a.png", vec!["--frames", "3"]), ("b.jpg", vec!["--preset", "technical"]), ("c.pdf", vec!["--preset", "dailies"])]
    {
        let out = stage.path(name);
        let asked: Vec<&str> = ["sheet", text(&card), "--out", text(&out), "--json"].into_iter().chain(arguments).collect();
        let made = stage.run(&asked).expect(0);
        let without = made.at("/without").as_array().unwrap();
        assert!(without.iter().any(|clip| clip[0] == "A003C002_261123_R1JL"), "{}", made.text);
        assert!(made.at("/clips").as_u64().unwrap() >= 1 && out.is_file());
    }
    let (width, height) = size(&stage.path("a.png"));
    assert!(width > 900 && height > 300);
    match Command::new("pdftotext").args(["-layout", text(&stage.path("c.pdf")), "-"]).output() {
        Ok(said) => {
            let said = String::from_utf8_lossy(&said.stdout).into_owned();
            for words in ["A003C001_261123_R1JL", "A003C002_261123_R1JL", "no picture", "page 1 of"] {
                assert!(said.contains(words), "{words}: {said}");
            }
        }
        Err(_) => eprintln!("SKIPPED: pdftotext (poppler-utils) is not installed; what the PDF says was not read"),
    }
    let own = stage.path("own.toml");
    std::fs::write(&own, "frames = 2\nlines = ['{clip}']\nburn_in = [{ place = 'top', text = '{timecode}' }]").unwrap();
    stage.run(&["sheet", text(&card), "--out", text(&stage.path("d.png")), "--preset", text(&own)]).expect(0);
    stage.run(&["sheet", text(&card), "--out", text(&stage.path("e.png")), "--preset", "none"]).expect(2);
    stage.run(&["sheet", text(&card), "--out", text(&stage.path("e.png")), "--frames", "0"]).expect(2);
}

#[test]
fn a_check_of_picture_and_sound_ends_with_what_it_found() {
    if !ffmpeg() {
        return;
    }
    let stage = Stage::new("quality");
    let good = stage.folder("good");
    let made = |folder: &Path, name: &str, picture: &str, sound: &str| {
        let done = Command::new("ffmpeg")
            .args(["-v", "error", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound])
            .args(["-c:v", "prores_ks", "-pix_fmt", "yuv422p10le", "-c:a", "pcm_s24le", "-shortest"])
            .arg(folder.join(name))
            .status();
        assert!(done.unwrap().success());
    };
    let moving = "mandelbrot=size=320x180:rate=24:maxiter=400,trim=duration=2,scroll=h=0.01:v=0.007,noise=alls=6:allf=t,eq=brightness=0.1:contrast=0.6";
    made(&good, "A001C001.mov", moving, "sine=frequency=440:duration=2");
    let whole = stage.run(&["qc", text(&good), "--json"]).expect(0);
    assert_eq!(whole.at("/clips/0/quality/frames"), &json!(48), "{}", whole.text);
    let bad = stage.folder("bad");
    made(&bad, "A001C001.mov", "color=black:size=320x180:rate=24:duration=2", "anullsrc=duration=2");
    let found = stage.run(&["qc", text(&bad), "--json"]).expect(1);
    let codes: Vec<&str> = found.at("/findings").as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["picture.black", "sound.silent"], "{}", found.text);
    assert_eq!(found.at("/clips/0/quality/faults/0/frames"), &json!([[0, 47]]));
    for code in codes {
        stage.run(&["rules", "explain", code]).expect(0);
    }
}
