//! Bad input: each gives a clear message, a stored state that resumes, and nothing lost.

use crate::support::{Stage, content, copy_root, manifests, text, wait_until};
use checkgate_testkit::{CardSize, Damage, Family, ForgeOptions, ascmhl::Reference, forge_card, image};
use std::path::Path;

#[test]
fn a_killed_offload_goes_on_and_ends_in_one_manifest() {
    let stage = Stage::new("kill");
    let (card, forged) = stage.card("card");
    // Enough bytes that the job is under way when it is killed.
    std::fs::write(card.join("A003R1JL/big.bin"), vec![0x5a; 192 << 20]).expect("written");
    let (one, two) = (stage.folder("SSD-1"), stage.folder("RAID-2"));
    let arguments = ["offload", text(&card), "--to", text(&one), "--to", text(&two), "--no-previews"];
    let mut first = stage.spawn(&arguments);
    let root = copy_root(&one, &forged);
    wait_until("the first bytes", || root.is_dir() && !content(&root).is_empty());
    first.kill().expect("can be killed");
    first.wait().expect("ends");
    let jobs = stage.run(&["jobs", "--json"]).expect(0);
    assert_eq!(jobs.at("/0/state"), "interrupted", "{}", jobs.text);
    stage.run(&["resume", "--json"]).expect(0);
    for destination in [&one, &two] {
        let root = copy_root(destination, &forged);
        assert_eq!(content(&root), content(&card), "nothing is missing and nothing half-named is left");
        assert_eq!(manifests(&root).len(), 1);
        stage.run(&["verify", text(&root)]).expect(0);
        if let Some(reference) = Reference::find() {
            let ended = reference.run_debug(&["verify", text(&root)]).expect("starts");
            assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        }
    }
    assert!(stage.run(&["resume"]).expect(0).errors.contains("nothing to resume"));
}

#[test]
fn a_pulled_card_is_interrupted_and_goes_on_when_it_is_back() {
    if !image::is_available() {
        eprintln!("SKIPPED: images cannot be mounted here");
        return;
    }
    let stage = Stage::new("pull");
    let (forged_at, forged) = stage.card("forged");
    std::fs::write(forged_at.join("A003R1JL/big.bin"), vec![0x5a; 256 << 20]).expect("written");
    let mut card =
        image::CardImage::from_folder(&stage.path("card.img"), &stage.path("mnt"), &forged.reel, &forged_at, 512 << 20)
            .expect("mounts");
    let destination = stage.folder("SSD-1");
    let running = stage.spawn(&["offload", "--json", text(card.mount_point()), "--to", text(&destination), "--no-previews"]);
    let root = copy_root(&destination, &forged);
    wait_until("the copy to begin", || root.is_dir());
    card.pull().expect("can be pulled");
    let ended = crate::support::answer(&running.wait_with_output().expect("ends"));
    let code = stage.run(&["jobs", "--json"]).expect(0).at("/0/problem/code").clone();
    assert_eq!((ended.code, code.as_str()), (4, Some("source_gone")), "{}\n{}", ended.text, ended.errors);
    if !manifests(&root).is_empty() {
        // The card went away while it was read the second time: the copy itself was whole by then.
        stage.run(&["verify", text(&root)]).expect(0);
    }
    card.insert().expect("can be put back");
    stage.run(&["resume", "--json"]).expect(0);
    assert_eq!(content(&root), content(card.mount_point()));
    assert_eq!(manifests(&root).len(), 1);
}

#[test]
fn a_full_destination_is_refused_before_the_first_byte() {
    if !image::is_available() {
        eprintln!("SKIPPED: images cannot be mounted here");
        return;
    }
    let stage = Stage::new("full");
    let (card, forged) = stage.card("card");
    std::fs::write(card.join("A003R1JL/big.bin"), vec![1; 24 << 20]).expect("written");
    let full = image::CardImage::create(&stage.path("full.img"), &stage.path("mnt"), "FULL", 16 << 20).expect("mounts");
    let ended = stage.run(&["offload", "--json", text(&card), "--to", text(full.mount_point())]);
    assert_eq!(ended.code, 4, "{}\n{}", ended.text, ended.errors);
    assert!(ended.text.contains("destination_full"), "{}", ended.text);
    let root = copy_root(full.mount_point(), &forged);
    assert!(!root.exists() || content(&root).is_empty(), "nothing was written");
}

#[test]
fn a_destination_on_the_card_is_refused() {
    let stage = Stage::new("unsafe");
    let (card, _) = stage.card("card");
    let before = content(&card);
    for destination in [card.clone(), card.join("A003R1JL")] {
        let ended = stage.run(&["offload", "--json", text(&card), "--to", text(&destination)]).expect(2);
        assert!(ended.text.contains("destination_unsafe"), "{}", ended.text);
    }
    assert_eq!(content(&card), before, "the card is untouched");
}

#[test]
fn zero_files_is_an_error() {
    let stage = Stage::new("empty");
    let ended = stage.run(&["offload", "--json", text(&stage.folder("card")), "--to", text(&stage.folder("SSD-1"))]).expect(3);
    assert!(ended.text.contains("source_empty"), "{}", ended.text);
}

#[test]
fn another_card_with_the_same_reel_name_is_refused() {
    let stage = Stage::new("same-reel");
    let (first, forged) = stage.card("first/A003R1JL-one");
    let (second, _) = stage.card("second/A003R1JL-two");
    std::fs::write(second.join("A003R1JL/extra.txt"), b"another card").expect("written");
    let destination = stage.folder("SSD-1");
    stage.run(&["offload", "--json", text(&first), "--to", text(&destination), "--no-previews"]).expect(0);
    let before = content(&copy_root(&destination, &forged));
    let refused = stage.run(&["offload", "--json", text(&second), "--to", text(&destination)]).expect(3);
    assert!(refused.text.contains("destination_occupied"), "{}", refused.text);
    assert_eq!(content(&copy_root(&destination, &forged)), before);
}

#[test]
fn a_byte_flipped_on_the_device_is_found() {
    if !image::is_available() {
        eprintln!("SKIPPED: images cannot be mounted here");
        return;
    }
    let stage = Stage::new("flip");
    let (card, forged) = stage.card("card");
    let drive = image::CardImage::create(&stage.path("drive.img"), &stage.path("mnt"), "SSD-1", 128 << 20).expect("mounts");
    stage.run(&["offload", "--json", text(&card), "--to", text(drive.mount_point()), "--no-previews"]).expect(0);
    let root = copy_root(drive.mount_point(), &forged);
    stage.run(&["verify", text(&root)]).expect(0);
    let clip = forged.expected.clips.iter().find(|clip| clip.kind == "video").expect("a clip");
    drive.flip_under(&root.join(&clip.files[0]), 4096).expect("can be flipped");
    let found = stage.run(&["verify", "--json", text(&root)]).expect(1);
    let mismatched = found.at("/mismatched").as_array().expect("a list");
    assert!(
        mismatched.len() == 1 && mismatched[0].as_str().is_some_and(|words| words.starts_with(&clip.files[0])),
        "{}",
        found.text
    );
}

#[test]
fn damage_on_the_card_is_found_before_it_leaves() {
    let stage = Stage::new("damage");
    for damage in Damage::ALL {
        let family = Family::all().into_iter().skip(1).find(|family| damage.applies_to(*family)).expect("a card has it");
        let root = stage.path(damage.name());
        let options = ForgeOptions { family, seed: 3, size: CardSize::Small, damage: Some(damage), expected_path: None };
        let forged = forge_card(&root, &options).expect("a card can be forged");
        let answer = stage.run(&["inspect", "--json", text(&root)]);
        let codes: Vec<&str> = answer
            .at("/card/findings")
            .as_array()
            .expect("findings")
            .iter()
            .filter_map(|finding| finding["code"].as_str())
            .collect();
        for wanted in &forged.expected.findings {
            assert!(codes.contains(&wanted.as_str()), "{}: {wanted} is not among {codes:?}", damage.name());
        }
    }
}

#[test]
fn a_hostile_manifest_reads_nothing_outside_its_folder() {
    let stage = Stage::new("hostile");
    let (card, forged) = stage.card("card");
    let destination = stage.folder("SSD-1");
    stage.run(&["offload", "--json", text(&card), "--to", text(&destination), "--no-previews"]).expect(0);
    let root = copy_root(&destination, &forged);
    let secret = destination.join("secret");
    std::fs::write(&secret, b"not yours").expect("written");
    let manifest = manifests(&root).remove(0);
    let hostile = std::fs::read_to_string(&manifest).expect("read").replacen("<path size", "<path  size", 1);
    let start = hostile.find("<path  size").expect("a path");
    let open = start + hostile[start..].find('>').expect("an end") + 1;
    let close = open + hostile[open..].find('<').expect("an end");
    let hostile = format!("{}../secret{}", &hostile[..open], &hostile[close..]);
    let alone = stage.path("hostile.mhl");
    std::fs::write(&alone, &hostile).expect("written");
    let answer = stage.run(&["verify", "--json", text(&root), "--manifest", text(&alone)]).expect(1);
    assert!(!answer.text.contains("not yours") && !answer.errors.contains("panicked"), "{}", answer.errors);
    std::fs::write(&manifest, &hostile).expect("written");
    let answer = stage.run(&["verify", "--json", text(&root)]).expect(1);
    let damaged = answer.at("/damaged").as_array().map_or(0, Vec::len);
    assert!(damaged == 1 && answer.text.contains("modified after it was chained"), "{}", answer.text);
}

#[test]
fn verify_tells_missing_extra_and_altered_apart() {
    let stage = Stage::new("verify");
    let (card, forged) = stage.card("card");
    let destination = stage.folder("SSD-1");
    stage.run(&["offload", "--json", text(&card), "--to", text(&destination), "--no-previews"]).expect(0);
    let root = copy_root(&destination, &forged);
    let files: Vec<String> = content(&root).into_keys().filter(|name| !name.ends_with('/')).collect();
    std::fs::remove_file(root.join(&files[0])).expect("removed");
    image::flip_in_place(&root.join(&files[1]), 10).expect("flipped");
    std::fs::write(root.join("stranger.txt"), b"?").expect("written");
    let answer = stage.run(&["verify", "--json", text(&root)]).expect(1);
    let list = |name: &str| answer.at(&format!("/{name}")).as_array().map_or(0, Vec::len);
    assert_eq!((list("missing"), list("extra"), list("mismatched")), (1, 1, 1), "{}", answer.text);
    stage.run(&["verify", text(&stage.folder("nothing"))]).expect(2);
    let legacy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/samples/mhl/legacy/mhl_verify_md5");
    if legacy.is_dir() {
        stage.run(&["verify", text(&legacy)]);
    }
}

#[test]
fn programs_that_open_a_new_state_at_once_do_not_hinder_each_other() {
    let stage = Stage::new("at-once");
    let running: Vec<_> = (0..6).map(|_| stage.spawn(&["jobs", "--json"])).collect();
    for program in running {
        let ended = crate::support::answer(&program.wait_with_output().expect("ends")).expect(0);
        assert_eq!(ended.json, serde_json::json!([]));
    }
}
