//! The state database keeps its promises across closing and opening.

mod search;

use checkgate_catalog::{
    CardRow, Catalog, ClipIndexRow, ClipSearch, CopyFileRow, CopyRow, DestinationRow, FailedFileRow, JobRow, UploadPartRow,
    UploadRow,
};
use checkgate_model::{
    CardRecognition, Clip, ClipKind, ClipRecord, Confidence, ErrorCode, Evidence, EvidenceLevel, FieldValue, HashFormat,
    HashValue, JobState, Problem, RelPath, Timestamp,
};

fn at() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().expect("a time")
}

fn card(id: &str, fingerprint: &str, names: &[&str]) -> CardRow {
    let clips = names
        .iter()
        .map(|name| Clip { name: (*name).to_owned(), roll: None, kind: ClipKind::Video, files: Vec::new(), sequence: None })
        .collect();
    CardRow {
        id: id.to_owned(),
        fingerprint: fingerprint.to_owned(),
        volume: "v1".to_owned(),
        label: "A003R1JL".to_owned(),
        root: "/mnt/a".to_owned(),
        reel: "A003R1JL".to_owned(),
        recognition: CardRecognition {
            family: "arri-classic".to_owned(),
            family_name: "ARRI".to_owned(),
            confidence: Confidence::FileName,
            evidence: Vec::new(),
            also_present: Vec::new(),
            reel: None,
            camera_index: None,
            rolls: Vec::new(),
            clips,
            unassigned: Vec::new(),
            empty_folders: Vec::new(),
            file_count: 2,
            size_bytes: 7,
            findings: Vec::new(),
            bytes_read: 0,
        },
        source_device: None,
        writable: true,
        seen_at: at().to_string(),
        described: false,
        safe_since: None,
        sheet: None,
    }
}

fn job(id: &str, card: &str) -> JobRow {
    JobRow {
        id: id.to_owned(),
        card: card.to_owned(),
        state: JobState::Running,
        plan: "{}".to_owned(),
        reread_equal: None,
        problem: None,
        started_at: at().to_string(),
    }
}

fn copy(id: &str, job: &str, card: &str) -> CopyRow {
    CopyRow {
        id: id.to_owned(),
        job: job.to_owned(),
        card: card.to_owned(),
        destination: "d1".to_owned(),
        label: "SSD".to_owned(),
        root: "/mnt/ssd/A003R1JL".to_owned(),
        state: "copying".to_owned(),
        evidence: None,
        method: String::new(),
        proven_at: None,
        device: Some("disk".to_owned()),
        manifest: None,
        manifest_reread: false,
        failed_files: 0,
        bytes_total: 7,
    }
}

#[tokio::test]
async fn the_same_card_again_is_the_same_card() {
    let folder = tempfile::tempdir().expect("folder");
    let catalog = Catalog::open(&folder.path().join("state.sqlite")).await.expect("opens");
    let first = catalog.store_card(&card("c1", "print", &["A003C001", "A003C002"])).await.expect("stores");
    let mut again = card("c2", "print", &["A003C001", "A003C002"]);
    again.root = "/mnt/elsewhere".to_owned();
    let second = catalog.store_card(&again).await.expect("stores");
    assert_eq!((second.id.as_str(), second.root.as_str()), (first.id.as_str(), "/mnt/elsewhere"));
    assert_eq!(catalog.cards(10).await.expect("lists").len(), 1);
    assert_eq!(catalog.clips_of("c1").await.expect("lists").len(), 2);
}

#[tokio::test]
async fn what_was_stored_is_there_after_opening_again() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("state.sqlite");
    let evidence =
        Evidence { level: EvidenceLevel::ReadBackDevice, method: "O_DIRECT".to_owned(), at: at(), tool: "t".to_owned() };
    let file = |name: &str| CopyFileRow {
        path: RelPath::new(name).expect("path"),
        size_bytes: 3,
        modified: at(),
        hashes: vec![HashValue::parse(HashFormat::Xxh64, "ef46db3751d8e999").expect("hash")],
        block_crc64: vec![u64::MAX, 1],
        evidence: None,
        state: "copied".to_owned(),
    };
    {
        let catalog = Catalog::open(&path).await.expect("opens");
        catalog.store_card(&card("c1", "print", &["A003C001"])).await.expect("stores");
        catalog.create_job(&job("j1", "c1"), &[copy("k1", "j1", "c1"), copy("k2", "j1", "c1")]).await.expect("stores");
        catalog.store_copy_files(&[("k1".to_owned(), file("a.mov")), ("k1".to_owned(), file("b.mov"))]).await.expect("stores");
        catalog
            .prove_copy_files(&[("k1".to_owned(), RelPath::new("a.mov").expect("path"), evidence.clone())])
            .await
            .expect("stores");
        let problem = Problem::new(ErrorCode::CopyCorrupt, "b.mov differs");
        catalog
            .store_failed_file(
                "j1",
                &FailedFileRow { copy: Some("k1".to_owned()), path: "b.mov".to_owned(), problem: problem.clone() },
            )
            .await
            .expect("stores");
        catalog.set_job_state("j1", JobState::Failed, Some(&problem), at()).await.expect("stores");
        catalog.close().await;
    }
    let catalog = Catalog::open(&path).await.expect("opens");
    let files = catalog.files_of_copy("k1").await.expect("lists");
    assert_eq!(files[0].evidence, Some(evidence));
    assert_eq!(files[0].block_crc64, vec![u64::MAX, 1]);
    assert_eq!((files[1].state.as_str(), files[1].evidence.is_none()), ("copy_corrupt", true));
    let stored = catalog.latest_job_of("c1").await.expect("finds").expect("there");
    assert_eq!((stored.state, stored.problem.map(|problem| problem.code)), (JobState::Failed, Some(ErrorCode::CopyCorrupt)));
    assert_eq!(catalog.copies_of_job("j1").await.expect("lists").len(), 2);
    assert_eq!(catalog.failed_files_of("j1").await.expect("lists").len(), 1);
}

#[tokio::test]
async fn clips_are_found_by_every_word() {
    let folder = tempfile::tempdir().expect("folder");
    let catalog = Catalog::open(&folder.path().join("state.sqlite")).await.expect("opens");
    catalog.store_card(&card("c1", "print", &["A003C001", "A003C002"])).await.expect("stores");
    let mut record = ClipRecord::new("A003C002");
    record.state("slate.scene", "", Some(FieldValue::Text("42B".to_owned())), "42B", "ale");
    catalog.store_record("c1", 1, &record, "A003C002 A003R1JL 42B ALEXA").await.expect("stores");
    let row = |position, words: &str| ClipIndexRow { position, words: words.to_owned(), ..ClipIndexRow::default() };
    let rows = [row(0, "a003c001 a003r1jl"), row(1, "a003c002 a003r1jl 42b alexa")];
    catalog.store_clip_index("c1", &rows).await.expect("stores");
    let words = |text: &str, card: Option<&str>| ClipSearch {
        words: text.split_whitespace().map(str::to_owned).collect(),
        card: card.map(str::to_owned),
        ..ClipSearch::default()
    };
    let (total, found) = catalog.search_clips(&words("42b alexa", None), 0, 10).await.expect("finds");
    assert_eq!((total, found[0].name.as_str()), (1, "A003C002"));
    assert_eq!(catalog.search_clips(&words("", Some("c1")), 1, 10).await.expect("finds").1.len(), 1);
    assert_eq!(catalog.search_clips(&words("%", None), 0, 10).await.expect("finds").0, 0, "a filter is text, not a pattern");
}

#[tokio::test]
async fn a_new_multipart_id_forgets_the_old_parts() {
    let folder = tempfile::tempdir().expect("folder");
    let catalog = Catalog::open(&folder.path().join("state.sqlite")).await.expect("opens");
    catalog.store_card(&card("c1", "print", &[])).await.expect("stores");
    catalog.create_job(&job("j1", "c1"), &[copy("k1", "j1", "c1")]).await.expect("stores");
    let upload = UploadRow {
        id: "u1".to_owned(),
        card: "c1".to_owned(),
        copy: "k1".to_owned(),
        url: "http://127.0.0.1:1".to_owned(),
        package: None,
        state: "sending".to_owned(),
        bytes_total: 9,
        bytes_done: 0,
        parts_done: 0,
        status: None,
        problem: None,
    };
    catalog.store_upload(&upload, at()).await.expect("stores");
    catalog.upload_file_started("u1", "a.mov", Some("one"), 16).await.expect("stores");
    let part = UploadPartRow { key: "a.mov".to_owned(), number: 1, crc64: u64::MAX, etag: "t".to_owned() };
    catalog.upload_part_done("u1", &part).await.expect("stores");
    catalog.upload_file_started("u1", "a.mov", Some("one"), 16).await.expect("stores");
    assert_eq!(catalog.upload_parts("u1").await.expect("lists"), vec![part]);
    catalog.upload_file_started("u1", "a.mov", Some("two"), 16).await.expect("stores");
    assert!(catalog.upload_parts("u1").await.expect("lists").is_empty());
}

#[tokio::test]
async fn a_destination_is_added_once() {
    let folder = tempfile::tempdir().expect("folder");
    let catalog = Catalog::open(&folder.path().join("state.sqlite")).await.expect("opens");
    let row = DestinationRow { id: "d1".to_owned(), label: "SSD".to_owned(), path: "/mnt/ssd".to_owned(), in_preset: true };
    catalog.add_destination(&row, at()).await.expect("stores");
    let again = catalog.add_destination(&DestinationRow { id: "d2".to_owned(), ..row.clone() }, at()).await.expect("stores");
    assert_eq!(again.id, "d1");
    assert!(catalog.forget_destination("d1").await.expect("forgets"));
    assert!(!catalog.forget_destination("d1").await.expect("forgets"));
}
