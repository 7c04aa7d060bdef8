//! Owns the demo: the main job, end to end, on a forged card, with the real watcher, engine, cloud and a killed uploader. It uses
//! the same commands and use cases as everybody else; nothing here is staged but the card.

use crate::args::Demo;
use crate::command::{open, refused, run_offload};
use crate::output::{Output, gigabytes};
use checkgate_app::App;
use checkgate_app::engines::volume::{files, place};
use checkgate_model::{ErrorCode, Problem};
use checkgate_testkit::{CardSize, Family, ForgeOptions, Forged, ascmhl, forge_card_with, image};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

const MARKER: &str = ".checkgate-demo";
const PATIENCE: Duration = Duration::from_secs(60);
const UPLOAD_RATE: &str = "40MB";

/// The card as it is mounted, and what must stay alive for it.
struct Mounted {
    root: PathBuf,
    _image: Option<image::CardImage>,
}

pub(crate) async fn run(options: Demo, output: &Output) -> Result<u8, Problem> {
    let dir = prepare(&options.dir, output)?;
    let home = dir.join("state");
    let began = Instant::now();
    let step = |letter: &str, words: &str| output.note(&format!("\n{letter}  {words}  [{} s]", began.elapsed().as_secs()));

    step("a", "forging a camera card with real media");
    let (forged, forged_at) = forge(&dir, &options, output).await?;
    output.line(&format!(
        "   {} files, {}, reel {}",
        forged.expected.file_count,
        gigabytes(forged.expected.size_bytes),
        forged.reel
    ));

    step("b", "watching for cards, then putting the card in");
    let app = open(Some(home.clone())).await?;
    let folder = dir.join("cards");
    create(&folder)?;
    app.start_watching(vec![folder.clone()]).await?;
    let (mounted, kind) = insert(&dir, &folder, &forged_at, &forged, options.no_mount).await?;
    let card = notice(&app, &mounted.root).await?;
    let seen = app.card(&card).await?;
    output.line(&format!("   noticed {kind}: {} · {} · {} clips", seen.card.reel, seen.card.family, seen.card.clips));
    for reason in seen.recognition.iter().take(4) {
        output.line(&format!("     because {reason}"));
    }
    for clip in app
        .clips(checkgate_contract::ClipsRequest { card: Some(card.clone()), filter: String::new(), offset: 0, limit: 500 })
        .await?
        .clips
    {
        output.line(&format!(
            "     {:<28} {:<8} {} files, {}",
            clip.name,
            crate::output::word(&clip.kind),
            clip.files,
            gigabytes(clip.size_bytes)
        ));
    }

    step("c", "offloading to two destinations; reading back past the page cache; reading the card again");
    let destinations = destinations(&app, &dir, &options.to).await?;
    let job = app.preset_options().await?;
    let code = run_offload(&app, &card, &destinations, job, &Output::silent()).await?;
    let done = app.card(&card).await?;
    for copy in &done.card.copies {
        output.line(&format!(
            "   {}: {} ({}), sealed by {}",
            copy.label,
            copy.evidence_words,
            copy.method,
            copy.manifest.as_deref().unwrap_or("nothing")
        ));
    }
    reference(&done, output);

    step("d", "what the checks found");
    output.findings(&done.findings);

    step("e", "metadata: one canonical record per clip, and an ALE");
    let metadata = dir.join("metadata");
    create(&metadata)?;
    for record in app.records(&card).await? {
        let json = serde_json::to_vec_pretty(&record).map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
        write(&metadata.join(format!("{}.json", record.clip)), &json)?;
        let known = ["tc.start", "camera.model", "codec.name", "color.gamma"].map(|name| record.text(name));
        output.line(&format!("   {:<28} {} fields: {}", record.clip, record.fields.len(), known.join("  ")));
    }
    let ale = metadata.join(format!("{}.ale", done.card.reel));
    write(&ale, app.export_text(&card, "ale").await?.text.as_bytes())?;

    step("f", "ACES 2.0 previews from the log-encoded clips");
    for clip in app
        .clips(checkgate_contract::ClipsRequest { card: Some(card.clone()), filter: String::new(), offset: 0, limit: 500 })
        .await?
        .clips
    {
        output.line(&format!("   {:<28} {}", clip.name, clip.picture_words));
    }
    let pictures = app.home().pictures().join(&card);

    step("g", "starting the embedded cloud; uploading; killing the uploader in the middle; going on");
    let mut cloud = start_cloud(&dir).await?;
    upload_killed_and_resumed(&app, &dir, &card, &cloud, options.small, output).await?;

    step("h", "what the cloud's worker found and made");
    let after = app.card(&card).await?;
    if let Some(upload) = &after.card.upload {
        output.line(&format!("   {}", upload.cloud_words));
        for result in &upload.results {
            output.line(&format!("     {:<12} {:<44} {}", result.kind, result.name, gigabytes(result.size_bytes)));
        }
    }

    step("i", "may this card go back to the camera?");
    output.verdict(&after.card);
    if !after.card.verdict.safe {
        output.note("   The verdict is computed, never assumed. Where card and copies lie on one disk, as in a demo on one machine, it stays NOT YET;");
        output.note("   with two drives of your own (`checkgate demo --to DRIVE-1 --to DRIVE-2`) it can become safe.");
    }

    step("j", "where everything is");
    for (what, path) in [
        ("copies", done.card.copies.iter().map(|copy| copy.path.clone()).collect::<Vec<_>>().join("\n              ")),
        ("metadata", metadata.display().to_string()),
        ("ALE", ale.display().to_string()),
        ("previews", pictures.display().to_string()),
        ("contact sheet", pictures.join("sheet.jpg").display().to_string()),
        ("from the cloud", app.home().results().join(&card).display().to_string()),
        ("state", home.display().to_string()),
    ] {
        output.line(&format!("   {what:<14} {path}"));
    }
    output.line(&format!("   look at it:    CHECKGATE_HOME={} checkgate-desktop", home.display()));
    cloud.child.start_kill().map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
    cloud.child.wait().await.map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
    app.shutdown().await;
    drop(mounted);
    if output.json {
        output.value(&after);
    }
    Ok(code)
}

/// A folder of our own: emptied only if an earlier demo made it.
fn prepare(dir: &Path, output: &Output) -> Result<PathBuf, Problem> {
    if matches!(place::is_empty_folder(dir), Ok(Some(false))) {
        if !files::exists(&dir.join(MARKER)) {
            return Err(refused(format!(
                "{} holds something that no demo made; choose another folder with --dir",
                dir.display()
            )));
        }
        output.note(&format!("removing the earlier demo in {}", dir.display()));
        image::release_below(dir).map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
        place::remove_own_tree(dir, MARKER)
            .map_err(|error| Problem::new(ErrorCode::Internal, format!("{} cannot be emptied: {error}", dir.display())))?;
    }
    create(dir)?;
    write(&dir.join(MARKER), b"Made by `checkgate demo`; the next demo removes this folder.\n")?;
    place::canonical(dir).map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))
}

async fn forge(dir: &Path, options: &Demo, output: &Output) -> Result<(Forged, PathBuf), Problem> {
    let root = dir.join("forge").join("A003R1JL");
    let forge = ForgeOptions {
        family: Family::Demo,
        seed: 1,
        size: if options.small { CardSize::Small } else { CardSize::Demo },
        damage: None,
        expected_path: Some(dir.join("expected.json")),
    };
    let (at, json) = (root.clone(), output.json);
    let forged = tokio::task::spawn_blocking(move || {
        let output = Output::new(json);
        forge_card_with(&at, &forge, &mut |words| output.note(&format!("   {words}")))
    })
    .await
    .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?
    .map_err(|error| Problem::from_error(error.code(), &error))?;
    Ok((forged, root))
}

/// Puts the card in: a mounted ext4 image where that is possible, else a folder that appears.
async fn insert(
    dir: &Path,
    watched: &Path,
    forged_at: &Path,
    forged: &Forged,
    no_mount: bool,
) -> Result<(Mounted, &'static str), Problem> {
    if !no_mount && image::is_available() {
        let (image_path, mount_point) = (dir.join("card.img"), dir.join("mnt").join(&forged.reel));
        let (from, label, size) = (forged_at.to_path_buf(), forged.reel.clone(), forged.expected.size_bytes);
        let made = tokio::task::spawn_blocking(move || {
            image::CardImage::from_folder(&image_path, &mount_point, &label, &from, size / 10 * 11 + 64 * 1024 * 1024)
        })
        .await
        .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?
        .map_err(|error| Problem::from_error(ErrorCode::ToolFailed, &error))?;
        let root = made.mount_point().to_path_buf();
        return Ok((Mounted { root, _image: Some(made) }, "a mounted ext4 volume"));
    }
    let root = watched.join(&forged.reel);
    place::rename(forged_at, &root)
        .map_err(|error| Problem::new(ErrorCode::Internal, format!("the card cannot be put in place: {error}")))?;
    Ok((Mounted { root, _image: None }, "a folder that appeared"))
}

/// Waits until the watcher has told of the card; nothing else tells it.
async fn notice(app: &App, root: &Path) -> Result<String, Problem> {
    let mut changes = app.changes();
    let waiting = async {
        loop {
            if let Ok(card) = app.find_card(&root.to_string_lossy()).await {
                return Ok(card);
            }
            if changes.changed().await.is_err() {
                return Err(Problem::new(ErrorCode::Internal, "the watch ended"));
            }
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.map_err(|_| {
        Problem::new(
            ErrorCode::NotFound,
            format!("the watcher did not notice {} within {} s", root.display(), PATIENCE.as_secs()),
        )
    })?
}

async fn destinations(app: &App, dir: &Path, given: &[PathBuf]) -> Result<Vec<String>, Problem> {
    let folders = if given.is_empty() { vec![dir.join("SSD-1"), dir.join("RAID-2")] } else { given.to_vec() };
    let mut ids = Vec::new();
    for folder in folders {
        create(&folder)?;
        ids.extend(app.add_destination(folder).await?.id);
    }
    Ok(ids)
}

/// Asks the reference tool, where it is installed, whether it accepts what we wrote.
fn reference(done: &checkgate_contract::CardDetail, output: &Output) {
    let Some(tool) = ascmhl::Reference::find() else {
        output.line("   the reference ascmhl is not installed here; `./dev test` checks against it");
        return;
    };
    for copy in &done.card.copies {
        match tool.run_debug(&["verify", &copy.path]) {
            Ok(ended) if ended.status.success() => {
                output.line(&format!("   {}: the reference ascmhl verifies it (exit code 0)", copy.label))
            }
            Ok(ended) => output.line(&format!(
                "   {}: the reference ascmhl objects: {}",
                copy.label,
                String::from_utf8_lossy(&ended.stderr).trim()
            )),
            Err(error) => output.line(&format!("   the reference ascmhl does not start: {error}")),
        }
    }
}

struct EmbeddedCloud {
    child: Child,
    url: String,
    token_file: PathBuf,
}

/// Starts `checkgate cloud up` as its own process, as a user would.
async fn start_cloud(dir: &Path) -> Result<EmbeddedCloud, Problem> {
    let mut child = this_program()?
        .args(["cloud", "up", "--json", "--listen", "127.0.0.1:0", "--dir"])
        .arg(dir.join("cloud"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Problem::from_error(ErrorCode::ToolFailed, &error))?;
    let stdout = child.stdout.take().ok_or_else(|| Problem::new(ErrorCode::Internal, "the cloud has no output"))?;
    let mut lines = BufReader::new(stdout).lines();
    let line =
        tokio::time::timeout(PATIENCE, lines.next_line()).await.ok().and_then(Result::ok).flatten().ok_or_else(|| {
            Problem::new(ErrorCode::ToolFailed, "the embedded cloud did not start; `checkgate cloud up` says why")
        })?;
    let said: serde_json::Value =
        serde_json::from_str(&line).map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
    let text = |name: &str| said.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    match (text("url"), text("token_file")) {
        (Some(url), Some(token_file)) => Ok(EmbeddedCloud { child, url, token_file: PathBuf::from(token_file) }),
        _ => Err(Problem::new(ErrorCode::ToolFailed, format!("the embedded cloud said {line:?}"))),
    }
}

fn this_program() -> Result<Command, Problem> {
    let program = std::env::current_exe().map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
    Ok(Command::new(program))
}

fn upload_command(home: &Path, card: &str, cloud: &EmbeddedCloud) -> Result<Command, Problem> {
    let mut command = this_program()?;
    command
        .arg("upload")
        .arg(card)
        .arg("--home")
        .arg(home)
        .arg("--to")
        .arg(&cloud.url)
        .arg("--token-file")
        .arg(&cloud.token_file);
    Ok(command)
}

/// Uploads in a process that is killed once some parts are in the store, then again to the end.
async fn upload_killed_and_resumed(
    app: &App,
    dir: &Path,
    card: &str,
    cloud: &EmbeddedCloud,
    small: bool,
    output: &Output,
) -> Result<(), Problem> {
    let home = app.home().root();
    let mut first = upload_command(home, card, cloud)?
        .args(["--limit", UPLOAD_RATE, "--parallel", "2"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Problem::from_error(ErrorCode::ToolFailed, &error))?;
    // Small files go first: with nearly as many parts stored as there are files, the uploader is among the large ones.
    let files = usize::try_from(app.card(card).await?.card.files).unwrap_or(usize::MAX);
    let enough = if small { 3 } else { files.saturating_sub(1).max(3) };
    let began = Instant::now();
    let mut ended_by_itself = false;
    let stored = loop {
        let stored = app.stored_parts(card).await?;
        if stored >= enough {
            break stored;
        }
        if first.try_wait().map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?.is_some() {
            ended_by_itself = true;
            break stored;
        }
        if began.elapsed() > PATIENCE {
            return Err(Problem::new(ErrorCode::CloudRefused, "the upload did not get going"));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    if ended_by_itself {
        output.line(&format!("   the uploader ended before it could be killed ({stored} parts)"));
    } else {
        first.start_kill().map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
        first.wait().await.map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
        output.line(&format!("   killed the uploader with {} parts in the store", app.stored_parts(card).await?));
    }
    let second = upload_command(home, card, cloud)?
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .output()
        .await
        .map_err(|error| Problem::from_error(ErrorCode::ToolFailed, &error))?;
    write(&dir.join("upload.log"), &[second.stdout.as_slice(), b"\n", second.stderr.as_slice()].concat())?;
    for line in String::from_utf8_lossy(&second.stdout).lines() {
        output.line(&format!("   {line}"));
    }
    if !second.status.success() {
        let words = String::from_utf8_lossy(&second.stderr).trim().to_owned();
        return Err(Problem::new(ErrorCode::CloudRefused, format!("the upload failed: {words}")));
    }
    Ok(())
}

fn create(folder: &Path) -> Result<(), Problem> {
    files::create_folder_all(folder).map_err(|error| Problem::from_error(error.code(), &error))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    files::write_atomic(path, bytes).map_err(|error| Problem::from_error(error.code(), &error))
}
