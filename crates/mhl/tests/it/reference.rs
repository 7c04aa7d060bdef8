//! Each side checks what the other wrote.

use crate::support::{assert_schema_valid, counted, forge, listing, load, record, reference, seal, temporary, walk};
use checkgate_mhl::{Action, FileCheck, Manifest, diff, directory_hashes};
use checkgate_model::HashFormat;
use std::fs;

#[test]
fn the_reference_accepts_what_is_written_here() {
    let Some(tool) = reference() else { return };
    for (seed, formats) in [
        (11, &[HashFormat::Xxh64][..]),
        (12, &[HashFormat::C4]),
        (13, &[HashFormat::Md5]),
        (14, &[HashFormat::Sha1]),
        (15, &[HashFormat::Xxh3]),
        (16, &[HashFormat::Xxh128]),
        (17, &HashFormat::ALL),
    ] {
        let root = temporary();
        forge(root.path(), seed);
        let new = seal(root.path(), formats, 0);
        assert_eq!(new.outcomes.len(), counted(root.path(), &load(root.path()).unwrap().ignore_patterns()).len() * formats.len());
        tool.assert(&["verify"], root.path(), 0);
        tool.assert(&["diff"], root.path(), 0);
        tool.assert(&["verify", "-dh"], root.path(), 0);
        tool.assert(&["create", "-h", formats[0].name()], root.path(), 0);
        let history = load(root.path()).unwrap();
        let second = &history.generations()[1].manifest;
        assert!(second.files().all(|file| file.hashes.iter().all(|hash| hash.action == Some(Action::Verified))), "seed {seed}");
        assert_eq!(second.root_hash.as_ref().unwrap().content[0].value, {
            let first = &history.generations()[0].manifest;
            let format = second.root_hash.as_ref().unwrap().content[0].value.format();
            first.root_hash.as_ref().unwrap().content.iter().find(|hash| hash.value.format() == format).unwrap().value.clone()
        });
        assert_schema_valid(root.path());
        // And on from there: third generation here, fourth there.
        assert!(seal(root.path(), formats, 3600).failed.is_empty());
        tool.assert(&["create", "-h", formats[0].name()], root.path(), 0);
        assert_eq!(load(root.path()).unwrap().latest_number(), 4);
    }
}

#[test]
fn what_the_reference_writes_is_verified_here() {
    let Some(tool) = reference() else { return };
    for (format, seed) in HashFormat::ALL.into_iter().zip(21..) {
        let root = temporary();
        forge(root.path(), seed);
        tool.assert(&["create", "-h", format.name()], root.path(), 0);
        let history = load(root.path()).unwrap();
        assert!(history.warnings().is_empty(), "{:?}", history.warnings());
        let expected = history.expected();
        let difference = diff(&expected, &listing(root.path()), &history.ignore_rules(&[]));
        assert!(difference.is_clean(), "{difference:?}");
        let patterns = history.ignore_patterns();
        for name in counted(root.path(), &patterns) {
            let bytes = fs::read(root.path().join(name.as_str())).unwrap();
            assert_eq!(
                expected[&name].check(&record(name.as_str(), &bytes, &[format]).hashes),
                FileCheck::Verified(vec![format]),
                "{name}"
            );
        }
        let (_, folders) = walk(root.path());
        let manifest = &history.generations()[0].manifest;
        let files: Vec<_> = manifest.files().map(|file| (&file.path, &file.hashes[0].value)).collect();
        let ours = directory_hashes(format, files, folders.iter().filter(|folder| folder.as_str() != "ascmhl"));
        let root_hash = manifest.root_hash.as_ref().unwrap();
        assert_eq!((&root_hash.content[0].value, &root_hash.structure[0].value), (&ours.root.content, &ours.root.structure));
        assert_eq!(manifest.folders().count(), ours.folders.len());
        for folder in manifest.folders() {
            let computed = &ours.folders[&folder.path];
            assert_eq!(
                (&folder.content[0].value, &folder.structure[0].value),
                (&computed.content, &computed.structure),
                "{}",
                folder.path
            );
        }
    }
}

#[test]
fn both_find_the_same_damage() {
    let Some(tool) = reference() else { return };
    let sealed = || {
        let root = temporary();
        forge(root.path(), 31);
        fs::write(root.path().join("Sidecar.txt"), "abc").unwrap();
        seal(root.path(), &[HashFormat::Xxh64], 0);
        root
    };
    let root = sealed();
    fs::write(root.path().join("Sidecar.txt"), "abd").unwrap();
    tool.assert(&["verify"], root.path(), 11);
    assert_eq!(seal(root.path(), &[HashFormat::Xxh64], 60).failed.len(), 1);
    // The failed generation is valid, and the reference still compares with the first.
    assert_schema_valid(root.path());
    tool.assert(&["verify"], root.path(), 11);
    fs::write(root.path().join("Sidecar.txt"), "abc").unwrap();
    tool.assert(&["verify"], root.path(), 0);

    let root = sealed();
    fs::remove_file(root.path().join("Sidecar.txt")).unwrap();
    tool.assert(&["verify"], root.path(), 10);
    assert_eq!(seal(root.path(), &[HashFormat::Xxh64], 60).missing.len(), 1);
    tool.assert(&["verify"], root.path(), 10);

    let root = sealed();
    let manifest = fs::read_dir(root.path().join("ascmhl"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "mhl"))
        .unwrap();
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("cart-1", "cart-2")).unwrap();
    tool.assert(&["verify"], root.path(), 31);
    assert_eq!(load(root.path()).unwrap_err().exit_code(), 31);
    fs::remove_file(&manifest).unwrap();
    tool.assert(&["verify"], root.path(), 33);
    assert_eq!(load(root.path()).unwrap_err().exit_code(), 33);
    fs::remove_file(root.path().join("ascmhl/ascmhl_chain.xml")).unwrap();
    tool.assert(&["verify"], root.path(), 32);
    assert_eq!(load(root.path()).unwrap_err().exit_code(), 32);
}

#[test]
fn a_second_format_joins_as_verified_on_both_sides() {
    let Some(tool) = reference() else { return };
    let root = temporary();
    forge(root.path(), 41);
    tool.assert(&["create", "-h", "xxh64"], root.path(), 0);
    let new = seal(root.path(), &[HashFormat::Md5], 60);
    assert!(new.outcomes.iter().all(|(_, _, action)| *action == Action::Verified));
    let manifest = Manifest::parse(&new.manifest_xml).unwrap();
    assert!(manifest.files().all(|file| file.hashes.len() == 2));
    tool.assert(&["create", "-h", "md5"], root.path(), 0);
    tool.assert(&["verify"], root.path(), 0);
    let history = load(root.path()).unwrap();
    assert!(
        history.generations()[2]
            .manifest
            .files()
            .all(|file| file.hashes.iter().all(|hash| hash.action == Some(Action::Verified)))
    );
}

#[test]
fn a_rename_written_by_the_reference_is_followed_here() {
    let Some(tool) = reference() else { return };
    let root = temporary();
    fs::create_dir(root.path().join("Clips")).unwrap();
    fs::write(root.path().join("Clips/one.mov"), "unique content").unwrap();
    fs::write(root.path().join("two.mov"), "other content").unwrap();
    tool.assert(&["create", "-h", "xxh64"], root.path(), 0);
    fs::rename(root.path().join("Clips/one.mov"), root.path().join("Clips/renamed.mov")).unwrap();
    tool.assert(&["create", "-h", "xxh64", "-dr"], root.path(), 0);
    let history = load(root.path()).unwrap();
    let difference = diff(&history.expected(), &listing(root.path()), &history.ignore_rules(&[]));
    assert!(difference.is_clean(), "{difference:?}");
    let second = seal(root.path(), &[HashFormat::Xxh64], 60);
    assert!(
        second.missing.is_empty() && second.outcomes.iter().all(|(_, _, action)| *action == Action::Verified),
        "{:?}",
        second.outcomes
    );
    tool.assert(&["verify"], root.path(), 0);
}

#[test]
fn both_leave_out_the_same_files() {
    let Some(tool) = reference() else { return };
    let root = temporary();
    for name in ["Clips/a.mov", "Clips/cache/x.tmp", "doc/x/y.txt", "doc/z.txt", "render/1.exr", "b/render/2.exr"] {
        fs::create_dir_all(root.path().join(name).parent().unwrap()).unwrap();
        fs::write(root.path().join(name), name).unwrap();
    }
    let patterns: Vec<String> = ["*.tmp", "/doc/x", "render/"].iter().map(ToString::to_string).collect();
    let operation = crate::support::operation(0, checkgate_mhl::Process::InPlace);
    let new = crate::support::seal_with(root.path(), &[HashFormat::Xxh64], &operation, &patterns);
    let recorded: Vec<&str> = new.outcomes.iter().map(|(path, _, _)| path.as_str()).collect();
    assert_eq!(recorded, ["Clips/a.mov", "doc/z.txt"]);
    tool.assert(&["diff"], root.path(), 0);
    tool.assert(&["create", "-h", "xxh64"], root.path(), 0);
    let history = load(root.path()).unwrap();
    let [first, second] = history.generations() else { panic!("two generations") };
    let names = |manifest: &Manifest| manifest.files().map(|file| file.path.clone()).collect::<Vec<_>>();
    assert_eq!(names(&second.manifest), names(&first.manifest));
    assert_eq!(
        second.manifest.root_hash.as_ref().unwrap().structure[0].value,
        first.manifest.root_hash.as_ref().unwrap().structure[0].value
    );
    assert_eq!(history.ignore_patterns()[3..], patterns);
}
