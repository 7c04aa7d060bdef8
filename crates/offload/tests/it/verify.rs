//! Checking what somebody hands over: histories of ours, of the reference tool, legacy lists, and hostile ones.

use crate::support::{bytes, forge_card, history_names, plan, reference, run, samples, write};
use checkgate_model::{ErrorCode, EvidenceLevel};
use checkgate_offload::{BasisKind, Control, Meter, VerifyDepth, VerifyError, VerifyOptions, VerifyReport, verify};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn check(root: &Path, options: &VerifyOptions) -> Result<VerifyReport, VerifyError> {
    verify(root, options, &Control::new(), &Meter::new())
}

fn sealed(temporary: &Path) -> PathBuf {
    let card = temporary.join("card");
    forge_card(&card);
    let root = temporary.join("A001R1AB");
    run(&plan(&card, std::slice::from_ref(&root))).0.unwrap();
    root
}

#[test]
fn a_whole_copy_is_whole_at_every_depth() {
    let temporary = tempfile::tempdir().unwrap();
    let root = sealed(temporary.path());
    for (depth, least) in [
        (VerifyDepth::Device, EvidenceLevel::ReadBackSystem),
        (VerifyDepth::System, EvidenceLevel::ReadBackSystem),
        (VerifyDepth::None, EvidenceLevel::SizeOnly),
    ] {
        let report = check(&root, &VerifyOptions { depth, ..VerifyOptions::default() }).unwrap();
        assert!(report.is_whole(), "{depth:?}: {report:#?}");
        assert!(report.level >= Some(least));
        assert_eq!(report.checked, if depth == VerifyDepth::None { 0 } else { 7 });
        assert_eq!(report.basis.iter().map(|basis| basis.kind).collect::<Vec<_>>(), [BasisKind::Generation]);
    }
}

#[test]
fn altered_missing_and_extra_are_all_found_in_one_pass() {
    let temporary = tempfile::tempdir().unwrap();
    let root = sealed(temporary.path());
    write(&root, "index.bin", &bytes(6, 4 * 1024 * 1024 - 1));
    let mut altered = fs::read(root.join("A001R1AB/A001C001_261123_R1AB.mov")).unwrap();
    altered[9_000_000] ^= 1;
    fs::write(root.join("A001R1AB/A001C001_261123_R1AB.mov"), altered).unwrap();
    fs::remove_file(root.join("A001R1AB/empty.xml")).unwrap();
    fs::remove_dir(root.join("A001R1AB/AUDIO/EMPTY")).unwrap();
    write(&root, "new.txt", b"new");
    let report = check(&root, &VerifyOptions::default()).unwrap();
    let names = |paths: &[checkgate_model::RelPath]| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&report.missing), ["A001R1AB/AUDIO/EMPTY", "A001R1AB/empty.xml"]);
    assert_eq!(names(&report.extra), ["new.txt"]);
    assert_eq!(
        report.mismatched.iter().map(|found| found.path.as_str()).collect::<Vec<_>>(),
        ["A001R1AB/A001C001_261123_R1AB.mov", "index.bin"]
    );
    assert!(!report.is_sound());
}

#[test]
fn a_history_that_was_tampered_with_proves_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let root = sealed(temporary.path());
    let manifest = root.join("ascmhl").join(&history_names(&root)[0]);
    let honest = fs::read_to_string(&manifest).unwrap();
    // Hostile: a manifest that points out of the folder, chained correctly.
    for hostile in ["../../etc/passwd", "/etc/passwd", "a/../../b"] {
        let xml = honest.replacen("A001R1AB/empty.xml", hostile, 1);
        assert_ne!(xml, honest);
        fs::write(&manifest, &xml).unwrap();
        let report = check(&root, &VerifyOptions::default()).unwrap();
        assert!(!report.is_sound() && report.damaged[0].problem.code == ErrorCode::HistoryDamaged, "{report:#?}");
        let alone = check(&root, &VerifyOptions { manifest: Some(manifest.clone()), ..VerifyOptions::default() }).unwrap();
        assert!(
            !alone.is_sound() && alone.damaged[0].problem.code == ErrorCode::HistoryDamaged && alone.checked == 0,
            "{hostile}: {alone:#?}"
        );
    }
    fs::write(&manifest, &honest).unwrap();
    assert!(check(&root, &VerifyOptions::default()).unwrap().is_whole());
    fs::remove_file(root.join("ascmhl/ascmhl_chain.xml")).unwrap();
    assert!(!check(&root, &VerifyOptions::default()).unwrap().is_sound());
}

#[test]
fn a_folder_without_any_manifest_is_not_called_whole() {
    let temporary = tempfile::tempdir().unwrap();
    write(temporary.path(), "clip.mov", b"picture");
    let error = check(temporary.path(), &VerifyOptions::default()).expect_err("nothing to check against");
    assert!(matches!(error, VerifyError::NoHistory(_)) && error.code() == ErrorCode::NotFound);
}

#[test]
fn a_history_of_the_reference_tool_is_read() {
    let Some(reference) = reference("ascmhl") else { return };
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("A001R1AB");
    forge_card(&root);
    let made = Command::new(reference).args(["create", "-h", "c4", "-h", "md5"]).arg(&root).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let report = check(&root, &VerifyOptions { all_formats: true, ..VerifyOptions::default() }).unwrap();
    assert!(report.is_whole() && report.checked == 7, "{report:#?}");
    // And the engine continues it on a copy, in a format it has and one it has not.
    let copy = temporary.path().join("onward/A001R1AB");
    let report = run(&plan(&root, std::slice::from_ref(&copy))).0.unwrap();
    assert_eq!(report.outcome, checkgate_offload::Outcome::Complete, "{report:#?}");
    assert!(check(&copy, &VerifyOptions { all_formats: true, ..VerifyOptions::default() }).unwrap().is_whole());
}

#[test]
fn legacy_lists_of_other_tools_are_checked() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("roll");
    write(&root, "clip.mov", b"abc");
    let list = |hash: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hashlist version=\"1.1\">\n<creatorinfo><username>a</username><hostname>b</hostname><tool>c</tool>\
             <startdate>2020-01-01T00:00:00Z</startdate><finishdate>2020-01-01T00:00:00Z</finishdate></creatorinfo>\n\
             <hash><file>clip.mov</file><size>3</size><lastmodificationdate>2020-01-01T00:00:00Z</lastmodificationdate><md5>{hash}</md5>\
             <hashdate>2020-01-01T00:00:00Z</hashdate></hash>\n</hashlist>\n"
        )
    };
    fs::write(root.join("roll_2020-01-01_000000.mhl"), list("900150983CD24FB0D6963F7D28E17F72")).unwrap();
    let report = check(&root, &VerifyOptions::default()).unwrap();
    assert!(report.is_whole() && report.basis[0].kind == BasisKind::Legacy, "{report:#?}");
    fs::write(root.join("roll_2020-01-01_000000.mhl"), list("900150983cd24fb0d6963f7d28e17f73")).unwrap();
    assert_eq!(check(&root, &VerifyOptions::default()).unwrap().mismatched.len(), 1);
    fs::remove_file(root.join("clip.mov")).unwrap();
    assert_eq!(check(&root, &VerifyOptions::default()).unwrap().missing.len(), 1);
}

#[test]
fn the_legacy_samples_of_other_vendors_are_whole() {
    let Some(samples) = samples() else {
        eprintln!("SKIPPED: samples missing");
        return;
    };
    let mut met = 0;
    for folder in
        fs::read_dir(samples.join("mhl/legacy")).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    {
        match check(&folder, &VerifyOptions::default()) {
            Ok(report) => {
                met += 1;
                if folder.ends_with("mhl_verify_multiple") {
                    // The list gives two files a right hash and a wrong one; a list that contradicts itself proves nothing.
                    assert!(
                        report.mismatched.len() == 2 && report.mismatched.iter().all(|found| found.found.contains("contradicts")),
                        "{report:#?}"
                    );
                } else {
                    assert!(report.is_sound(), "{}: {report:#?}", folder.display());
                }
            }
            Err(VerifyError::NoHistory(_)) => {}
            Err(error) => panic!("{}: {error}", folder.display()),
        }
    }
    assert!(met >= 7, "only {met} folders had a list");
}

#[test]
fn a_third_party_history_and_the_reference_scenarios_are_read() {
    let Some(samples) = samples() else {
        eprintln!("SKIPPED: samples missing");
        return;
    };
    let scenario = samples.join("mhl/ascmhl-scenarios/Output/scenario_02/file_server/A002R2EC");
    let report = check(&scenario, &VerifyOptions { all_formats: true, ..VerifyOptions::default() }).unwrap();
    assert!(report.is_whole() && report.checked == 3, "{report:#?}");
}
