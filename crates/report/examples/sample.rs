//! Writes a made-up report in every form into a folder, to be looked at: `cargo run -p checkgate-report --example sample -- DIR`.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a tool for the eye")]

#[path = "../tests/it/sample.rs"]
mod sample;

fn main() {
    let folder = std::path::PathBuf::from(std::env::args().nth(1).expect("a folder"));
    std::fs::create_dir_all(&folder).unwrap();
    let unfinished = checkgate_report::DriveSection {
        path: "E:\\".to_owned(),
        verdict: checkgate_report::Verdict::Stopped,
        summary: "Stopped after 102 of 4,812 files. Nothing is known of the rest.".to_owned(),
        counts: checkgate_report::Counts { files_checked: 102, bytes_checked: 39_700_204_118, ..Default::default() },
        ..sample::whole()
    };
    for (name, document) in [
        ("whole", sample::document(vec![sample::whole()])),
        ("several", sample::document(vec![sample::whole(), sample::broken(), unfinished])),
    ] {
        std::fs::write(folder.join(format!("{name}.txt")), checkgate_report::text(&document)).unwrap();
        std::fs::write(folder.join(format!("{name}.html")), checkgate_report::html(&document)).unwrap();
        std::fs::write(folder.join(format!("{name}.pdf")), checkgate_report::pdf(&document).unwrap()).unwrap();
    }
}
