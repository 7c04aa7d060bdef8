//! The main job on a whole card: recognised, copied, proven, sealed, described, exported, verified.

use crate::support::{Stage, content, copy_root, manifests, program, text, wait_until};
use checkgate_testkit::{ascmhl::Reference, image};
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn samples() -> Option<PathBuf> {
    let given = std::env::var_os("CHECKGATE_SAMPLES").map(PathBuf::from);
    let path = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/samples"));
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("SKIPPED: samples missing");
    None
}

#[test]
fn inspecting_a_card_names_its_clips_and_where_each_value_comes_from() {
    let stage = Stage::new("inspect");
    let (card, forged) = stage.card("card");
    let answer = stage.run(&["inspect", "--json", text(&card)]).expect(0);
    let clips = answer.at("/card/clips").as_array().expect("clips");
    let mut found: Vec<&str> = clips.iter().filter_map(|clip| clip["name"].as_str()).collect();
    let mut wanted: Vec<&str> = forged.expected.clips.iter().map(|clip| clip.name.as_str()).collect();
    found.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    assert_eq!(answer.at("/card/reel").as_str(), forged.expected.reel.as_deref());
    let records = answer.at("/records").as_array().expect("records");
    for expected in &forged.expected.clips {
        let record = records.iter().find(|record| record["clip"] == *expected.name).expect("a record for every clip");
        if expected.files[0].ends_with(".exr") {
            // The plates carry no timecode, and nothing is made up for them.
            assert!(record["fields"]["tc.start"].is_null(), "{}", expected.name);
        } else {
            assert_eq!(record["fields"]["tc.start"]["value"]["text"], *expected.start, "{}", expected.name);
        }
        for (name, field) in record["fields"].as_object().expect("fields") {
            let sources = field["sources"].as_array().expect("sources");
            assert!(sources.iter().all(|said| !said["source"].as_str().unwrap_or_default().is_empty()), "{name} has a source");
        }
    }
}

#[test]
fn two_copies_are_whole_proven_and_accepted_by_the_reference() {
    let stage = Stage::new("offload");
    let (card, forged) = stage.card("card");
    let (one, two) = (stage.folder("SSD-1"), stage.folder("RAID-2"));
    let answer = stage
        .run(&[
            "offload",
            "--json",
            text(&card),
            "--to",
            text(&one),
            "--to",
            text(&two),
            "--hash",
            "xxh64,md5,c4",
            "--author",
            "A. Person",
        ])
        .expect(0);
    for copy in answer.at("/card/copies").as_array().expect("copies") {
        assert_eq!(copy["state"], "sealed", "{copy}");
        assert_eq!(copy["manifest_reread"], true);
        let level = copy["evidence"].as_str().expect("a level");
        assert!(level == "read_back_device" || level == "read_back_system", "{level}");
        if level == "read_back_system" {
            eprintln!("SKIPPED: this disk cannot be read past the system's cache; the device level was not tried");
        }
    }
    let wanted = content(&card);
    assert!(wanted.keys().any(|name| name.ends_with('/')), "the card has folders");
    for destination in [&one, &two] {
        let root = copy_root(destination, &forged);
        assert_eq!(content(&root), wanted, "the copy is the card");
        assert_eq!(manifests(&root).len(), 1);
        stage.run(&["verify", text(&root)]).expect(0);
        schema_accepts(&root);
        match Reference::find() {
            Some(reference) => {
                for arguments in [["verify", text(&root)].as_slice(), ["verify", "-dh", text(&root)].as_slice()] {
                    let ended = reference.run_debug(arguments).expect("the reference starts");
                    assert!(ended.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
                }
            }
            None => eprintln!("SKIPPED: the reference ascmhl is not installed"),
        }
    }
    let shown = stage.run(&["card", "--json", forged.reel.as_str()]);
    let verdict = shown.at("/card/verdict");
    assert_eq!(
        verdict["safe"].as_bool(),
        Some(verdict["unmet"].as_array().is_some_and(Vec::is_empty)),
        "safe exactly if nothing is unmet"
    );
    assert_eq!(
        shown.at("/card/verdict/unmet/0/code"),
        "verdict.copies".replace("copies", "devices").as_str(),
        "two folders on one disk are one device: {verdict}"
    );
    let again = stage.run(&["offload", text(&card), "--to", text(&one), "--to", text(&two)]).expect(0);
    assert!(again.errors.contains("nothing to do"), "{}", again.errors);
    assert_eq!(manifests(&copy_root(&one, &forged)).len(), 1, "the same card again writes nothing");
}

fn schema_accepts(root: &Path) {
    let Some(samples) = samples() else { return };
    if Command::new("xmllint").arg("--version").stderr(Stdio::null()).status().is_err() {
        eprintln!("SKIPPED: xmllint is not installed");
        return;
    }
    let check = |schema: &str, file: &Path| {
        let ended = Command::new("xmllint")
            .args(["--nonet", "--noout", "--schema"])
            .arg(samples.join("mhl/xsd").join(schema))
            .arg(file)
            .output()
            .expect("xmllint starts");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    };
    for manifest in manifests(root) {
        check("ASCMHL.xsd", &manifest);
    }
    check("ASCMHLDirectory__combined.xsd", &root.join("ascmhl/ascmhl_chain.xml"));
}

#[test]
fn metadata_leaves_as_ale_and_csv() {
    let stage = Stage::new("export");
    let (card, forged) = stage.card("card");
    let ale = stage.path("out.ale");
    stage.run(&["export", "ale", text(&card), "-o", text(&ale)]).expect(0);
    let written = std::fs::read_to_string(&ale).expect("written");
    assert!(
        written.starts_with("Heading\r\n") && written.contains("\r\nColumn\r\n") && written.contains("\r\nData\r\n"),
        "{written}"
    );
    for clip in &forged.expected.clips {
        assert!(written.contains(&clip.name), "{} is in the ALE", clip.name);
    }
    let csv = stage.run(&["export", "csv", text(&card), "-o", "-"]).expect(0);
    assert_eq!(csv.text.lines().count(), forged.expected.clips.len() + 1);
}

/// Opened by OpenTimelineIO and the ASC's FDL library, judged by the published schemas.
#[test]
fn rolls_leave_in_formats_that_others_read() {
    let stage = Stage::new("exchange");
    let (card, forged) = stage.card("card");
    let written = |format: &str| {
        let file = stage.path(&format!("out.{format}"));
        stage.run(&["export", format, text(&card), "-o", text(&file)]).expect(0);
        std::fs::read(file).expect("written")
    };
    let timeline = checkgate_interchange::otio::parse(&written("otio")).expect("a timeline");
    let mut told: Vec<String> = timeline.clips().iter().map(|clip| clip.name.to_owned()).collect();
    told.extend(timeline.clips_without_length().into_iter().map(str::to_owned));
    told.sort_unstable();
    let mut wanted: Vec<&str> = forged.expected.clips.iter().map(|clip| clip.name.as_str()).collect();
    wanted.sort_unstable();
    assert_eq!(told, wanted, "every clip is placed or listed");
    for clip in timeline.clips() {
        let url = clip.url.expect("a reference");
        assert!(card.join(url).exists() || clip.value.pointer("/metadata/checkgate/frame_numbers").is_some(), "{url}");
    }
    let records = checkgate_interchange::omc::parse(&written("omc")).expect("an ontology").records();
    assert_eq!(records.len(), wanted.len());
    let told = checkgate_interchange::opentrackio::parse(&written("opentrackio")).expect("samples").samples;
    let pictures = forged.expected.clips.iter().filter(|clip| clip.kind != "sound").count();
    assert_eq!(told.len(), pictures);
    let list = checkgate_interchange::fdl::parse(&written("fdl")).expect("a list");
    assert_eq!(list.check(), []);

    let script = "
import sys, json
def judge(schema, documents):
    import jsonschema
    schema = json.load(open(schema, encoding='utf-8'))
    for document in documents:
        jsonschema.validators.validator_for(schema)(schema).validate(document)
folder, schemas = sys.argv[1:3]
read = lambda name: open(folder + '/out.' + name, encoding='utf-8').read()
import opentimelineio
line = opentimelineio.adapters.read_from_string(read('otio'), 'otio_json')
print(len(list(line.find_clips())), line.duration().value > 0)
try:
    import fdl
except ImportError:
    print('no fdl', file=sys.stderr)
else:
    fdl.read_from_string(read('fdl'), validate=True)
if schemas:
    judge(schemas + '/omc/OMC-JSON-v2.8.schema.json', [json.loads(read('omc'))])
    judge(schemas + '/opentrackio/schema.json', [json.loads(line) for line in read('opentrackio').splitlines()])
    judge(schemas + '/ascfdl/ascfdl.schema.v2.0.pyfdl.json', [json.loads(read('fdl'))])
";
    let Some(python) = checkgate_testkit::python::ReferencePython::find(&["opentimelineio", "jsonschema"]) else {
        eprintln!("SKIPPED: no Python with opentimelineio and jsonschema");
        return;
    };
    let schemas = samples().map(|folder| folder.join("schemas").to_string_lossy().into_owned()).unwrap_or_default();
    let folder = stage.path("").to_string_lossy().trim_end_matches('/').to_owned();
    let told = python.run(script, &[&folder, &schemas], &[]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(told.trim(), format!("{} True", timeline.clips().len()));
}

#[test]
fn previews_name_their_input_transform_and_are_pictures() {
    let stage = Stage::new("preview");
    let (card, forged) = stage.card("card");
    let out = stage.path("previews");
    let answer = stage.run(&["preview", "--json", text(&card), "--out", text(&out)]).expect(0);
    for clip in answer.json.as_array().expect("clips") {
        let expected =
            forged.expected.clips.iter().find(|known| known.name == clip["clip"].as_str().unwrap_or_default()).expect("known");
        if expected.kind == "sound" {
            assert!(clip["path"].is_null());
            continue;
        }
        assert_eq!(clip["colour_managed"], true, "{clip}");
        assert!(clip["words"].as_str().is_some_and(|words| words.contains("ACES 2.0")), "{clip}");
        let jpeg = std::fs::read(clip["path"].as_str().expect("a file")).expect("written");
        assert_eq!(&jpeg[..3], [0xff, 0xd8, 0xff], "a JPEG");
    }
    assert!(out.join("contact-sheet.jpg").is_file());
}

#[test]
fn colour_evaluation_reproduces_the_reference_vectors() {
    let Some(samples) = samples() else { return };
    let stage = Stage::new("color");
    let folder = samples.join("color/vectors");
    let index: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("index.json")).expect("an index")).expect("JSON");
    let mut tried = 0;
    for entry in index["transforms"].as_array().expect("transforms") {
        let get = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
        let id = get("id").expect("an id");
        let mut arguments: Vec<String> = vec!["color".to_owned(), "eval".to_owned()];
        if let Some(amf) = get("amf") {
            arguments.extend(["--amf".to_owned(), text(&samples.join("color/amf").join(amf)).to_owned()]);
        } else if let Some(src) = get("src") {
            arguments.extend(["--src".to_owned(), src]);
        } else {
            // The curves of LogC3 by exposure index are no transform of three channels; the crate's own tests hold them.
            continue;
        }
        for key in ["dst", "display", "view", "look"] {
            if let Some(value) = get(key) {
                arguments.extend([format!("--{key}"), value]);
            }
        }
        let cdl = entry.get("cdl").or_else(|| entry.get("cdl(slope offset power sat)")).and_then(Value::as_array);
        if let Some(numbers) = cdl {
            arguments.extend(["--cdl".to_owned(), numbers.iter().map(Value::to_string).collect::<Vec<_>>().join(" ")]);
        }
        if id.starts_with("out13") {
            arguments.extend(["--aces".to_owned(), "1.3".to_owned()]);
        }
        let csv = std::fs::read_to_string(folder.join(format!("{id}.csv"))).expect("rows");
        let rows: Vec<Vec<f64>> = csv
            .lines()
            .skip(1)
            .map(|line| line.split(',').skip(1).map(|cell| cell.parse().expect("a number")).collect())
            .collect();
        let input: String = rows.iter().map(|row| format!("{},{},{}\n", row[0], row[1], row[2])).collect();
        let mut child = stage
            .command(&arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut stdin = child.stdin.take().expect("piped");
        let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let ended = child.wait_with_output().expect("ends");
        writer.join().expect("no panic").expect("written");
        assert!(ended.status.success(), "{id}: {}", String::from_utf8_lossy(&ended.stderr));
        let text = String::from_utf8(ended.stdout).expect("text");
        let found: Vec<Vec<f64>> =
            text.lines().map(|line| line.split(',').map(|cell| cell.parse().expect("a number")).collect()).collect();
        assert_eq!(found.len(), rows.len(), "{id}");
        let mut missed = 0;
        for (row, got) in rows.iter().zip(&found) {
            let sens = row.get(6).copied().unwrap_or(0.0);
            let worst = (0..3)
                .map(|c| (got[c] - row[3 + c]).abs() - 1e-5 * row[3 + c].abs().max(1.0) - 4.0 * sens)
                .fold(f64::MIN, f64::max);
            if worst > 0.0 {
                missed += 1;
                assert!(worst <= 5e-3, "{id}: off by {worst}");
            }
        }
        assert!(missed * 500 <= rows.len(), "{id}: {missed} of {} rows miss the rule", rows.len());
        tried += 1;
    }
    assert_eq!(tried, 53, "transforms tried");
}

#[test]
fn a_mounted_card_runs_by_itself() {
    if !image::is_available() {
        eprintln!("SKIPPED: images cannot be mounted here");
        return;
    }
    let stage = Stage::new("watch");
    let (forged_at, forged) = stage.card("forged");
    let destination = stage.folder("SSD-1");
    let mut watch = stage.spawn(&["watch", "--to", text(&destination), "--folder", text(&stage.folder("none"))]);
    wait_until("the watch to have its state", || stage.path("home/state.sqlite").is_file());
    // The watch begins a moment after its state is open; a card that was there before would not count as inserted.
    wait_until("the watch to watch", || {
        assert!(watch.try_wait().expect("can be asked").is_none(), "the watch ended");
        let listed = stage.run(&["jobs"]);
        listed.code == 0 && threads_of(watch.id()).iter().any(|name| name.starts_with("checkgate-watch"))
    });
    let size = forged.expected.size_bytes * 2 + (32 << 20);
    let card = image::CardImage::from_folder(&stage.path("card.img"), &stage.path("mnt"), &forged.reel, &forged_at, size)
        .expect("mounts");
    let root = copy_root(&destination, &forged);
    wait_until("the copy to be sealed", || !manifests(&root).is_empty() && stage.run(&["jobs"]).text.contains(" done "));
    watch.kill().expect("can be killed");
    watch.wait().expect("ends");
    assert_eq!(content(&root), content(card.mount_point()));
}

fn threads_of(process: u32) -> Vec<String> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("comm")).ok()).collect()
}

#[test]
fn help_shows_examples_and_exit_codes() {
    let help = |arguments: &[&str]| {
        let ended = Command::new(program("checkgate")).args(arguments).output().expect("starts");
        assert!(ended.status.success());
        String::from_utf8(ended.stdout).expect("text")
    };
    assert!(help(&["--help"]).contains("interrupted; `checkgate resume` goes on"));
    for command in ["offload", "verify", "preview", "export", "upload", "watch", "inspect", "demo"] {
        assert!(help(&[command, "--help"]).contains("Example"), "{command} shows an example");
    }
    assert!(help(&["completions", "bash"]).contains("checkgate"));
}

#[test]
fn the_demo_does_the_whole_job() {
    let stage = Stage::new("demo");
    let dir = stage.path("demo");
    let answer = stage.run(&["demo", "--small", "--dir", text(&dir)]).expect(0);
    for promise in
        ["noticed", "read back", "findings", "killed the uploader", "were there already", "results", "NOT YET", "contact sheet"]
    {
        assert!(answer.text.contains(promise), "{promise:?} is missing in:\n{}\n{}", answer.text, answer.errors);
    }
}
