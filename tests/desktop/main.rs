//! Owns the journey through the real window: an empty screen, destinations, a card, the offload, a power cut in the middle, the way
//! back, the verdict, the clips. Screens are written to `target/desktop/`. Must never reach into the application: it only looks
//! and presses keys.

mod webdriver;

use anyhow::Context;
use checkgate_testkit::{CardSize, Family, ForgeOptions, forge_card};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use webdriver::{Display, Driver, Window};

/// Bytes of a file beside the clips, so that there is time to cut the power while it is copied.
const BALLAST_BYTES: u64 = 1_500_000_000;

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from)
}

/// The program, if everything that the journey needs is here.
fn program() -> Option<PathBuf> {
    let program = target().join("debug/checkgate-desktop");
    let missing = if !cfg!(target_os = "linux") {
        "another system than Linux"
    } else if !on_path("Xvfb") {
        "Xvfb is missing"
    } else if !on_path("WebKitWebDriver") {
        "WebKitWebDriver is missing"
    } else if !on_path("ffmpeg") {
        "ffmpeg is missing"
    } else if !program.exists() {
        "checkgate-desktop is not built (cargo build -p checkgate-desktop)"
    } else {
        return program.canonicalize().ok();
    };
    eprintln!("SKIPPED: {missing}");
    None
}

fn on_path(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).exists()))
}

/// One world of its own: state, destinations, card, and the file that answers dialogs.
struct World {
    folder: tempfile::TempDir,
    screens: PathBuf,
}

impl World {
    fn new() -> anyhow::Result<Self> {
        let screens = target().join("desktop");
        std::fs::create_dir_all(&screens)?;
        // On the disk of the build, not in memory: read-back from a device needs a device.
        let folder = tempfile::Builder::new().prefix("checkgate-desktop-").tempdir_in(target().canonicalize()?)?;
        for name in ["home", "ssd", "raid"] {
            std::fs::create_dir(folder.path().join(name))?;
        }
        Ok(Self { folder, screens })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The next dialog answers this.
    fn answer(&self, path: &Path) -> anyhow::Result<()> {
        Ok(std::fs::write(self.path("pick"), path.as_os_str().as_encoded_bytes())?)
    }

    fn driver(&self, display: &Display) -> anyhow::Result<Driver> {
        let (home, pick, own) = (self.path("home"), self.path("pick"), self.path("own"));
        let own = own.to_str().context("a plain path")?;
        Driver::start(&[
            ("DISPLAY", &display.name),
            ("TAURI_WEBVIEW_AUTOMATION", "true"),
            ("CHECKGATE_HOME", home.to_str().context("a plain path")?),
            ("CHECKGATE_PICK", pick.to_str().context("a plain path")?),
            // What the window itself remembers is of this world too.
            ("XDG_DATA_HOME", own),
            ("XDG_CACHE_HOME", own),
            ("LIBGL_ALWAYS_SOFTWARE", "1"),
        ])
    }

    /// A picture of the window once letters and pictures are drawn.
    fn screen(&self, window: &Window<'_>, name: &str) -> anyhow::Result<()> {
        window.run_until_done(
            "const drawn = [...document.images].map((one) => one.decode().catch(() => null)); \
             Promise.all([document.fonts.ready, ...drawn]).then(() => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))",
        )?;
        window.picture(&self.screens.join(format!("{name}.png")))
    }
}

fn says(words: &str) -> String {
    format!("document.body.innerText.toLowerCase().includes({:?})", words.to_lowercase())
}

/// Rules of WCAG 2.2 AA that a machine can check, in the page as it stands. `None` where axe is not installed.
fn barriers(window: &Window<'_>) -> anyhow::Result<Option<Vec<String>>> {
    let axe = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/node_modules/axe-core/axe.min.js");
    let Ok(source) = std::fs::read_to_string(axe) else {
        eprintln!("SKIPPED: axe-core is missing (npm ci in ui/)");
        return Ok(None);
    };
    window.run(&format!("{source}; window.axe = window.axe ?? axe; return true"))?;
    let found = window.run_until_done(
        "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] }).then(\
         (result) => done(result.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`)), \
         (error) => done([`axe failed: ${error}`]))",
    )?;
    Ok(Some(found.as_array().context("a list")?.iter().filter_map(Value::as_str).map(str::to_owned).collect()))
}

fn free_of_barriers(window: &Window<'_>, place: &str) -> anyhow::Result<()> {
    if let Some(barriers) = barriers(window)? {
        anyhow::ensure!(barriers.is_empty(), "{place}: {barriers:#?}");
    }
    Ok(())
}

/// The page is held by its content security policy and by the capability: neither inline style nor evaluation nor connections nor
/// a command beside ours.
fn reaches_nothing_that_was_not_granted(window: &Window<'_>) -> anyhow::Result<()> {
    let seen = window.run_until_done(
        "const seen = []; document.addEventListener('securitypolicyviolation', (event) => seen.push(event.effectiveDirective)); \
         const tries = async () => { \
           try { new Function('return 1')(); seen.push('evaluated') } catch {} \
           await fetch('http://127.0.0.1:9/').then(() => seen.push('connected'), () => null); \
           document.body.appendChild(document.createElement('i')).setAttribute('style', 'color: red'); \
           document.body.lastChild.remove(); \
           for (const name of ['plugin:window|close', 'plugin:event|listen', 'plugin:webview|create_webview', 'no_such_command']) \
             await window.__TAURI_INTERNALS__.invoke(name, {}).then(() => seen.push(`allowed ${name}`), () => seen.push(`refused ${name}`)); \
           if ('__TAURI__' in window) seen.push('global'); \
           setTimeout(() => done(seen), 50) }; tries()",
    )?;
    let seen: Vec<&str> = seen.as_array().context("a list")?.iter().filter_map(Value::as_str).collect();
    for expected in
        ["connect-src", "style-src-attr", "refused plugin:window|close", "refused plugin:event|listen", "refused no_such_command"]
    {
        anyhow::ensure!(seen.contains(&expected), "{expected} is not among {seen:?}");
    }
    for forbidden in ["evaluated", "connected", "global"] {
        anyhow::ensure!(!seen.contains(&forbidden), "{forbidden}: {seen:?}");
    }
    anyhow::ensure!(!seen.iter().any(|one| one.starts_with("allowed")), "{seen:?}");
    Ok(())
}

#[test]
fn a_card_goes_in_survives_a_power_cut_and_comes_out_with_its_proof() -> anyhow::Result<()> {
    let Some(program) = program() else { return Ok(()) };
    let world = World::new()?;
    let card = world.path("A001R1AB");
    forge_card(&card, &ForgeOptions { family: Family::Demo, size: CardSize::Small, seed: 7, ..ForgeOptions::default() })?;
    File::create(card.join("ballast.bin"))?.set_len(BALLAST_BYTES)?;
    let display = Display::start()?;

    // An empty screen teaches one action.
    let driver = world.driver(&display)?;
    let begin = Instant::now();
    let window = driver.open(&program)?;
    window.wait("the empty screen", &says("Where do copies go?"))?;
    eprintln!("start to first screen: {} ms", begin.elapsed().as_millis());
    reaches_nothing_that_was_not_granted(&window)?;
    world.screen(&window, "1-empty")?;
    free_of_barriers(&window, "empty")?;

    // Two destinations, one key each; the dialogs answer by themselves.
    for (name, count) in [("ssd", 1), ("raid", 2)] {
        world.answer(&world.path(name))?;
        window.press("5")?;
        window.press("d")?;
        window.wait("the destination", &format!("document.querySelectorAll('.destinations li').length === {count}"))?;
    }
    // Nothing is to begin by itself in this journey.
    window.run(
        "const box = [...document.querySelectorAll('label')].find((one) => one.textContent.includes('Offload by itself')).querySelector('input'); \
         if (box.checked) box.click(); return true",
    )?;
    window
        .run("for (const box of document.querySelectorAll('.destinations input')) if (!box.checked) box.click(); return true")?;
    window.wait("both in the preset", "[...document.querySelectorAll('.destinations input')].every((box) => box.checked)")?;
    world.screen(&window, "2-setup")?;
    free_of_barriers(&window, "setup")?;

    // The card appears and is recognised.
    world.answer(&card)?;
    window.press("1")?;
    window.press("a")?;
    window.wait("the card", "document.querySelector('main [role=row]')")?;
    window.wait("its recognition", "document.querySelector('main [role=row] li[title^=\"recognised: done\"]')")?;
    window.wait("its verdict", &says("NOT YET"))?;
    window.wait("its reasons", "document.querySelectorAll('aside .reasons li').length > 0")?;
    world.screen(&window, "3-card")?;
    free_of_barriers(&window, "card")?;

    // The offload begins; the power goes in the middle of it.
    window.press("o")?;
    window.wait("bytes on the move", "/copying\\s+[1-9]\\d* %/.test(document.querySelector('main [role=row]').innerText)")?;
    world.screen(&window, "4-copying")?;
    driver.kill_program()?;
    drop(driver);

    // What was interrupted says so and goes on with one key.
    let driver = world.driver(&display)?;
    let window = driver.open(&program)?;
    window.wait("the interruption", &says("interrupted"))?;
    window.wait("still not safe", &says("NOT YET"))?;
    world.screen(&window, "5-interrupted")?;
    world.answer(&card)?;
    window.press("r")?;
    window.wait("the resumed job", "document.querySelectorAll('main [role=row] li[title^=\"proven: done\"]').length > 0")?;
    window.wait(
        "evidence for both copies",
        "(document.querySelector('aside').innerText.match(/read back \\(/g) ?? []).length >= 2",
    )?;
    world.screen(&window, "6-proven")?;

    // The copies are what the card is.
    for name in ["ssd", "raid"] {
        let same = Command::new("diff").args(["-rq", "--exclude=ascmhl"]).arg(&card).arg(copy_of(&world.path(name))?).output()?;
        anyhow::ensure!(same.status.success(), "{name}: {}", String::from_utf8_lossy(&same.stdout));
    }
    // Two folders on one disk are one device: the window must not say safe.
    let verdict = window.text("document.querySelector('aside .why')")?;
    anyhow::ensure!(verdict.starts_with("Not yet") && verdict.contains("physical device"), "{verdict}");

    // The clips, with pictures.
    window.wait("the description", "document.querySelectorAll('main [role=row] li[title^=\"described: done\"], main [role=row] li[title^=\"described: needs\"]').length > 0")?;
    window.press("\u{e007}")?;
    window.wait("clips", "document.querySelectorAll('.tile').length > 1")?;
    window.wait(
        "a picture that was drawn",
        "[...document.querySelectorAll('.tile img')].some((one) => one.complete && one.naturalWidth > 0)",
    )?;
    world.screen(&window, "7-clips")?;
    free_of_barriers(&window, "clips")?;
    window.press("g")?;
    window.wait("the table", "document.querySelector('.table.head')")?;
    world.screen(&window, "8-table")?;

    // A copy is verified as an offline verifier would.
    world.answer(&copy_of(&world.path("ssd"))?)?;
    window.press("v")?;
    window.wait("the verification", "/whole/i.test(document.querySelector('aside')?.innerText ?? '')")?;
    world.screen(&window, "9-verified")?;
    free_of_barriers(&window, "verify")?;

    // The cloud gets it from a verified copy, verifies it, and sends back what it made.
    if let Some(cloud) = Cloud::start(&world.path("cloud"))? {
        window.press("5")?;
        window.run(&format!(
            "const fill = (kind, text) => {{ const field = document.querySelector(`input[type=${{kind}}]`); field.value = text; \
             field.dispatchEvent(new Event('input', {{ bubbles: true }})) }}; \
             fill('url', {:?}); fill('password', {:?}); document.querySelector('input[type=url]').form.requestSubmit(); return true",
            cloud.url, cloud.token
        ))?;
        window.wait("the cloud", "!document.querySelector('header.top .cloud').innerText.includes('no cloud')")?;
        anyhow::ensure!(!window.text("document.documentElement")?.contains(&cloud.token), "the window shows the token");
        window.press("1")?;
        window.press("u")?;
        window.press("4")?;
        window.wait("the transfer", "document.querySelector('main [role=row]')")?;
        world.screen(&window, "10-sending")?;
        window.wait(
            "the cloud's own verification",
            "/\\bdone\\b/.test(document.querySelector('main [role=row] .state').innerText)",
        )?;
        window.wait("what came back", "document.querySelectorAll('aside .results li').length > 0")?;
        let verified = window.text("document.querySelector('main .verified .strong')")?;
        let (done, total) = verified.split_once(" of ").context("a count")?;
        anyhow::ensure!(done == total && done != "0", "{verified}");
        world.screen(&window, "11-in-the-cloud")?;
        free_of_barriers(&window, "transfers")?;
    }
    window.close()
}

/// The embedded cloud, started as a user would.
struct Cloud {
    process: Child,
    url: String,
    token: String,
}

impl Cloud {
    fn start(folder: &Path) -> anyhow::Result<Option<Self>> {
        let program = target().join("debug/checkgate");
        if !program.exists() {
            eprintln!("SKIPPED: the cloud's part, checkgate is not built (cargo build -p checkgate-cli)");
            return Ok(None);
        }
        let mut process = Command::new(program)
            .args(["cloud", "up", "--json", "--listen", "127.0.0.1:0", "--dir"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("an output")?).read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line).with_context(|| format!("the cloud said {line:?}"))?;
        let text = |name: &str| said[name].as_str().map(str::to_owned).context("the cloud says where it is");
        let token = std::fs::read_to_string(text("token_file")?)?.trim().to_owned();
        Ok(Some(Self { process, url: text("url")?, token }))
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        if let Err(error) = self.process.kill().and_then(|()| self.process.wait().map(drop)) {
            eprintln!("the cloud did not end: {error}");
        }
    }
}

/// The one folder below a destination that holds a history: the copy of the card.
fn copy_of(destination: &Path) -> anyhow::Result<PathBuf> {
    let mut folders = vec![destination.to_owned()];
    while let Some(folder) = folders.pop() {
        if folder.join("ascmhl").is_dir() {
            return Ok(folder);
        }
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    anyhow::bail!("no copy below {}", destination.display())
}
