//! Uploads: resumed after a kill, verified by the cloud, honest without a network.

use crate::support::{Answer, Stage, answer, text, wait_until};
use checkgate_testkit::Forged;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};

struct Cloud {
    child: Child,
    url: String,
    token_file: PathBuf,
}

impl Drop for Cloud {
    fn drop(&mut self) {
        if self.child.kill().is_ok() && self.child.wait().is_err() {
            eprintln!("the cloud did not end");
        }
    }
}

fn start_cloud(stage: &Stage, listen: &str) -> Cloud {
    let mut child = stage
        .command(&["cloud", "up", "--json", "--listen", listen, "--dir", text(&stage.path("cloud"))])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("says where it is");
    let said: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
    Cloud {
        url: said["url"].as_str().expect("a URL").to_owned(),
        token_file: PathBuf::from(said["token_file"].as_str().expect("a token file")),
        child,
    }
}

fn offloaded(stage: &Stage) -> Forged {
    let (card, forged) = stage.card("card");
    std::fs::write(
        card.join("A003R1JL/big.bin"),
        (0..96u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<u8>>(),
    )
    .expect("written");
    stage.run(&["offload", "--json", text(&card), "--to", text(&stage.folder("SSD-1")), "--no-previews"]).expect(0);
    forged
}

fn upload(stage: &Stage, forged: &Forged, cloud: &Cloud, more: &[&str]) -> Answer {
    let mut arguments =
        vec!["upload", forged.reel.as_str(), "--json", "--to", cloud.url.as_str(), "--token-file", text(&cloud.token_file)];
    arguments.extend(more);
    stage.run(&arguments)
}

#[test]
fn a_killed_upload_sends_only_what_is_missing_and_the_results_come_back() {
    let stage = Stage::new("upload");
    let forged = offloaded(&stage);
    let cloud = start_cloud(&stage, "127.0.0.1:0");
    let arguments = [
        "upload",
        forged.reel.as_str(),
        "--to",
        cloud.url.as_str(),
        "--token-file",
        text(&cloud.token_file),
        "--limit",
        "25MB",
        "--parallel",
        "2",
    ];
    let mut first = stage.spawn(&arguments);
    let journal = stage.path("home/state.sqlite");
    wait_until("some parts", || parts(&journal) >= 12 || first.try_wait().expect("can be asked").is_some());
    first.kill().expect("can be killed");
    first.wait().expect("ends");
    let stored = parts(&journal);
    assert!(stored >= 12, "killed in the middle, not before it began");
    let done = upload(&stage, &forged, &cloud, &[]).expect(0);
    assert_eq!(done.at("/state"), "done", "{}", done.text);
    assert_eq!(done.at("/objects_verified"), done.at("/objects_total"));
    let log = stage.run(&["card", "--json", forged.reel.as_str()]);
    let line = log
        .at("/log")
        .as_array()
        .expect("a log")
        .iter()
        .rev()
        .filter_map(|line| line["text"].as_str())
        .find(|text| text.starts_with("uploaded:"))
        .expect("a line")
        .to_owned();
    let there: usize = line
        .split("sent, ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .and_then(|number| number.parse().ok())
        .expect("a number");
    assert!(there >= stored, "{line}: {stored} parts were stored before the kill");
    let kinds: Vec<&str> =
        done.at("/results").as_array().expect("results").iter().filter_map(|result| result["kind"].as_str()).collect();
    for wanted in ["verification", "metadata", "still", "proxy", "report"] {
        assert!(kinds.contains(&wanted), "{wanted} is not among {kinds:?}");
    }
    let folder =
        std::fs::read_dir(stage.path("home/results")).expect("a folder").next().expect("one card").expect("readable").path();
    for result in done.at("/results").as_array().expect("results") {
        let file = folder.join(result["name"].as_str().expect("a name"));
        assert_eq!(
            std::fs::metadata(&file).expect("fetched").len(),
            result["size_bytes"].as_u64().expect("a size"),
            "{}",
            file.display()
        );
    }
    let again = upload(&stage, &forged, &cloud, &[]).expect(0);
    assert_eq!(again.at("/state"), "done");
}

/// Parts in the journal, read as another process would.
fn parts(journal: &std::path::Path) -> usize {
    let Ok(ended) =
        std::process::Command::new("sqlite3").arg("-readonly").arg(journal).arg("select count(*) from upload_part").output()
    else {
        return 0;
    };
    String::from_utf8_lossy(&ended.stdout).trim().parse().unwrap_or(0)
}

#[test]
fn no_cloud_is_said_and_the_upload_goes_on_later() {
    let stage = Stage::new("offline");
    let forged = offloaded(&stage);
    let (address, cloud) = {
        let cloud = start_cloud(&stage, "127.0.0.1:0");
        (cloud.url.trim_start_matches("http://").to_owned(), cloud)
    };
    let (url, token) = (cloud.url.clone(), cloud.token_file.clone());
    drop(cloud);
    let ended = stage.run(&["upload", forged.reel.as_str(), "--to", url.as_str(), "--token-file", text(&token)]).expect(4);
    assert!(ended.errors.contains("[offline]") && ended.errors.contains("Local copies are not affected"), "{}", ended.errors);
    let cloud = start_cloud(&stage, &address);
    upload(&stage, &forged, &cloud, &[]).expect(0);
}

#[test]
fn a_cloud_that_dies_in_the_middle_loses_nothing() {
    let stage = Stage::new("cloud-dies");
    let forged = offloaded(&stage);
    let cloud = start_cloud(&stage, "127.0.0.1:0");
    let address = cloud.url.trim_start_matches("http://").to_owned();
    let running = stage.spawn(&[
        "upload",
        forged.reel.as_str(),
        "--wait",
        "--to",
        cloud.url.as_str(),
        "--token-file",
        text(&cloud.token_file),
        "--limit",
        "25MB",
        "--parallel",
        "2",
    ]);
    wait_until("some parts", || parts(&stage.path("home/state.sqlite")) >= 3);
    drop(cloud);
    let _cloud = start_cloud(&stage, &address);
    answer(&running.wait_with_output().expect("ends")).expect(0);
}
