//! Holds the house together: who may know whom, what is behind a fence, that the ground floor is pure, and a few promises about
//! the text itself. `ARCHITECTURE.md` says why; where they differ, one of them is wrong.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Every edge between two of ours that may exist, by what is linked (not by what only tests use). An edge is added here, with its
/// line in `ARCHITECTURE.md`, before it is used.
const EDGES: &[(&str, &[&str])] = &[
    // floor 0
    ("model", &[]),
    ("mhl", &["model"]),
    ("interchange", &["model"]),
    ("camera", &["model", "interchange"]),
    ("color", &["model"]),
    ("rules", &["model"]),
    // floor 1
    ("volume", &["model"]),
    ("offload", &["model", "mhl", "volume"]),
    ("preview", &["model", "camera", "color", "volume"]),
    ("catalog", &["model"]),
    ("transfer", &["model", "volume"]),
    ("report", &["model"]),
    // floor 2
    ("contract", &["model"]),
    (
        "app",
        &[
            "model",
            "mhl",
            "interchange",
            "camera",
            "color",
            "rules",
            "volume",
            "offload",
            "preview",
            "catalog",
            "transfer",
            "report",
            "contract",
        ],
    ),
    // floor 3
    ("cli", &["app", "contract", "model", "cloud", "testkit"]),
    ("cloud", &["model", "mhl", "interchange", "camera", "color", "preview", "volume", "transfer"]),
    ("desktop", &["app", "contract", "model"]),
    // development
    ("testkit", &["model"]),
    (
        "tests",
        &[
            "model",
            "mhl",
            "interchange",
            "camera",
            "color",
            "rules",
            "volume",
            "offload",
            "preview",
            "catalog",
            "transfer",
            "report",
            "contract",
            "app",
            "cloud",
            "testkit",
        ],
    ),
    ("xtask", &["model", "mhl", "offload", "volume", "contract", "testkit", "color", "preview"]),
];

/// Crates that only these may name, and why.
const FENCES: &[(&str, &[&str], &str)] = &[
    ("tauri", &["desktop"], "only the desktop shell knows Tauri"),
    ("tauri-build", &["desktop"], "only the desktop shell knows Tauri"),
    ("tauri-plugin-single-instance", &["desktop"], "only the desktop shell knows Tauri"),
    ("rfd", &["desktop"], "only the desktop shell opens dialogs"),
    ("sqlx", &["catalog", "cloud"], "SQL lives in the catalog; the cloud's queue stores its jobs with it"),
    ("apalis", &["cloud"], "the workflow engine is behind the cloud's stages"),
    ("apalis-sqlite", &["cloud"], "the workflow engine is behind the cloud's stages"),
    ("object_store", &["cloud"], "the cloud's store"),
    ("reqwest", &["transfer", "cloud"], "only the upload client and the cloud open connections"),
    ("libloading", &["preview"], "only the decoder host loads libraries, in its own process"),
    ("fuser", &["testkit"], "only tests serve a file system that fails"),
    ("notify", &["volume"], "only `volume` watches folders"),
    ("axum", &["cloud"], "only the cloud serves HTTP"),
    ("ocio", &["color"], "colour is behind ColorEngine"),
    ("krilla", &["report"], "PDF is written by one crate"),
    ("clap", &["cli", "cloud", "xtask"], "arguments are read in binaries"),
    ("anyhow", &["cli", "cloud", "desktop", "tests", "xtask"], "libraries give typed errors"),
];

const FLOOR_0: &[&str] = &["model", "mhl", "camera", "color", "interchange", "rules"];

/// What would give the ground floor hands, a clock or a thread. Colour may share pixel work between cores through rayon.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env::var",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "thread::spawn",
    "thread::Builder",
    "Uuid::new_v4",
    "Uuid::now_v7",
    "rand::",
    "tokio::",
];

/// Longest file there may be, without its tests.
const LONGEST_FILE_LINES: usize = 700;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

struct Package {
    name: String,
    folder: PathBuf,
    linked: BTreeSet<String>,
    for_tests: BTreeSet<String>,
}

/// The workspace's packages by short name (`checkgate-model` is `model`).
fn packages() -> BTreeMap<String, Package> {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let short = |name: &str| name.strip_prefix("checkgate-").unwrap_or(name).to_owned();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let (mut linked, mut for_tests) = (BTreeSet::new(), BTreeSet::new());
            for dependency in package["dependencies"].as_array().unwrap() {
                let name = short(dependency["name"].as_str().unwrap());
                if dependency["kind"] == "dev" {
                    for_tests.insert(name)
                } else {
                    linked.insert(name)
                };
            }
            let name = short(package["name"].as_str().unwrap());
            let folder = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned();
            (name.clone(), Package { name, folder, linked, for_tests })
        })
        .collect()
}

/// Files below `folder` with one of `extensions`, without what is built or fetched.
fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let entry = entry.unwrap();
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if entry.file_type().unwrap().is_dir() {
                if !matches!(
                    name.as_str(),
                    "target" | "node_modules" | "dist" | "dist-fake" | "gen" | ".git" | ".venv" | ".cache"
                ) {
                    folders.push(path);
                }
            } else if extensions.iter().any(|extension| name.ends_with(&format!(".{extension}"))) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The file without its `#[cfg(test)] mod tests` at the end.
fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod ").map_or(text, |at| &text[..at])
}

fn assert_none(broken: &[String], promise: &str) {
    assert!(broken.is_empty(), "{promise}:\n  {}", broken.join("\n  "));
}

#[test]
fn only_listed_edges_exist() {
    let allowed: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let packages = packages();
    let ours: BTreeSet<&String> = packages.keys().collect();
    let mut broken = Vec::new();
    for package in packages.values() {
        let Some(allowed) = allowed.get(package.name.as_str()) else {
            broken.push(format!("{} is not in the table", package.name));
            continue;
        };
        for dependency in package.linked.iter().filter(|name| ours.contains(name)) {
            if !allowed.contains(&dependency.as_str()) {
                broken.push(format!("{} -> {dependency}", package.name));
            }
        }
    }
    for name in allowed.keys() {
        if !packages.contains_key(*name) {
            broken.push(format!("{name} is in the table, not in the workspace"));
        }
    }
    assert_none(&broken, "an edge between two crates needs its line in the table and in ARCHITECTURE.md");
}

/// Tests may use the forger and what lies below; an engine's tests that need another engine belong to `tests/`.
#[test]
fn tests_reach_no_higher_than_the_code_they_test() {
    let floors: BTreeMap<&str, u8> = EDGES.iter().map(|(name, _)| (*name, floor(name))).collect();
    let mut broken = Vec::new();
    for package in packages().values().filter(|package| floor(&package.name) < 4) {
        for dependency in &package.for_tests {
            let Some(other) = floors.get(dependency.as_str()) else { continue };
            if dependency != "testkit" && *other > floor(&package.name) {
                broken.push(format!("{} -> {dependency} (for tests)", package.name));
            }
        }
    }
    assert_none(&broken, "a crate's own tests only use its floor, the floors below and the testkit");
}

fn floor(name: &str) -> u8 {
    match name {
        "volume" | "offload" | "preview" | "catalog" | "transfer" | "report" => 1,
        "app" | "contract" => 2,
        "cli" | "cloud" | "desktop" => 3,
        "testkit" | "tests" | "xtask" => 4,
        _ => 0,
    }
}

#[test]
fn edges_point_down() {
    for (name, dependencies) in EDGES.iter().filter(|(name, _)| floor(name) < 3) {
        for dependency in *dependencies {
            assert!(floor(dependency) <= floor(name), "{name} -> {dependency} points up");
        }
    }
}

#[test]
fn dangerous_crates_stay_behind_their_fence() {
    let mut broken = Vec::new();
    for package in packages().values() {
        for (fenced, inside, reason) in FENCES {
            if package.linked.contains(*fenced) && !inside.contains(&package.name.as_str()) {
                broken.push(format!("{} uses {fenced}: {reason}", package.name));
            }
        }
    }
    assert_none(&broken, "a fence is down");
}

#[test]
fn the_ground_floor_does_no_io_and_has_no_clock() {
    let packages = packages();
    let mut broken = Vec::new();
    // Reports are an engine, for what they bring along; they promise the same.
    for name in FLOOR_0.iter().chain(&["report"]) {
        for path in files(&packages[*name].folder.join("src"), &["rs"]) {
            let text = std::fs::read_to_string(&path).unwrap();
            if path.file_name().is_some_and(|name| name == "tests.rs") {
                continue;
            }
            for (number, line) in without_tests(&text).lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                if let Some(word) = IMPURE.iter().find(|word| code.contains(**word)) {
                    broken.push(format!("{}:{}: {word}", shown(&path), number + 1));
                }
            }
        }
    }
    assert_none(&broken, "floor 0 gets bytes, time and ids as arguments");
}

/// Media is written, and cards are read, by one crate. The catalog opens its database and the upload reads a proven copy; neither
/// writes a media file.
#[test]
fn media_is_touched_by_volume_alone() {
    const WRITING: &[&str] =
        &["File::create", "OpenOptions", "fs::write", "fs::copy", "fs::rename", "fs::remove", "fs::set_permissions", "hard_link"];
    const READING: &[&str] = &["fs::read", "File::open"];
    let packages = packages();
    let mut broken = Vec::new();
    for (name, banned) in
        [("offload", [WRITING, READING].concat()), ("transfer", WRITING.to_vec()), ("catalog", WRITING.to_vec())]
    {
        for path in files(&packages[name].folder.join("src"), &["rs"]) {
            let text = std::fs::read_to_string(&path).unwrap();
            for (number, line) in without_tests(&text).lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                if banned.iter().any(|word| code.contains(word)) {
                    broken.push(format!("{}:{}: {}", shown(&path), number + 1, line.trim()));
                }
            }
        }
    }
    assert_none(&broken, "media goes through `volume`");
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let mut broken = Vec::new();
    for package in packages().values() {
        let text = std::fs::read_to_string(package.folder.join("Cargo.toml")).unwrap();
        let manifest: toml::Table = toml::from_str(&text).unwrap();
        let inherits = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
        if inherits != Some(true) {
            broken.push(package.name.clone());
        }
    }
    assert_none(&broken, "`[lints] workspace = true` is missing");
}

#[test]
fn every_crate_stands_in_the_code_map() {
    let map = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut broken = Vec::new();
    for package in packages().values() {
        let folder = shown(&package.folder);
        if !map.contains(&format!("`{folder}`")) {
            broken.push(folder);
        }
    }
    assert_none(&broken, "ARCHITECTURE.md does not name");
}

fn rust_files() -> Vec<PathBuf> {
    ["crates", "src-tauri", "tests", "xtask"].iter().flat_map(|folder| files(&root().join(folder), &["rs"])).collect()
}

#[test]
fn every_module_says_what_it_owns() {
    let broken: Vec<String> = rust_files()
        .iter()
        // The chapters of one test binary: each test's name is its promise.
        .filter(|path| !shown(path).contains("/tests/it/"))
        .filter(|path| !std::fs::read_to_string(path).unwrap().starts_with("//! "))
        .map(|path| shown(path))
        .collect();
    assert_none(&broken, "the first line of a module is `//!` and says what it owns and must never do");
}

#[test]
fn files_stay_readable() {
    let broken: Vec<String> = rust_files()
        .iter()
        .filter_map(|path| {
            let lines = without_tests(&std::fs::read_to_string(path).unwrap()).lines().count();
            (lines > LONGEST_FILE_LINES).then(|| format!("{}: {lines} lines", shown(path)))
        })
        .collect();
    assert_none(&broken, &format!("longer than {LONGEST_FILE_LINES} lines without tests; split it by what it owns"));
}

#[test]
fn nothing_unfinished_is_committed() {
    let words =
        [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("FIX", "ME"), concat!("XX", "X:"), concat!("dbg", "!(")];
    let mut broken = Vec::new();
    for path in rust_files() {
        for (number, line) in std::fs::read_to_string(&path).unwrap().lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                broken.push(format!("{}:{}: {}", shown(&path), number + 1, line.trim()));
            }
        }
    }
    assert_none(&broken, "unfinished");
}

/// Folders of one machine have no place in what others build; `/dev`, `/proc`, `/sys`, `/usr` and `/tmp` are everywhere.
#[test]
fn no_file_names_one_machines_folders() {
    let roots =
        [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/home", "/"), concat!("/Us", "ers/"), concat!("C:\\", "Users\\")];
    let extensions = ["rs", "toml", "ts", "svelte", "css", "html", "json", "md", "sh", "yml", "yaml"];
    let mut broken = Vec::new();
    for path in files(&root(), &extensions) {
        if path.file_name().is_some_and(|name| name == "package-lock.json") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            // A path in a forged or foreign manifest is data; such a line says so.
            if roots.iter().any(|root| line.contains(root)) && !line.contains("foreign path") {
                broken.push(format!("{}:{}: {}", shown(&path), number + 1, line.trim().chars().take(100).collect::<String>()));
            }
        }
    }
    assert_none(&broken, "a folder of one machine");
}

#[test]
fn colours_and_sizes_have_one_home() {
    let mut broken = Vec::new();
    for path in files(&root().join("ui/src"), &["svelte", "css", "ts"]) {
        // The fake backend draws pictures; what is in a picture is no part of the page's looks.
        if path.file_name().is_some_and(|name| name == "tokens.css" || name == "fixtures.ts") {
            continue;
        }
        for (number, line) in std::fs::read_to_string(&path).unwrap().lines().enumerate() {
            if names_a_colour(line) {
                broken.push(format!("{}:{}: {}", shown(&path), number + 1, line.trim()));
            }
        }
    }
    assert_none(&broken, "colours stand in ui/src/styles/tokens.css only");
}

/// `#rgb`, `#rrggbb`, `rgb(`, `hsl(` and the like; `#if`, ids and shadowed names are none.
fn names_a_colour(line: &str) -> bool {
    if ["rgb(", "rgba(", "hsl(", "hsla(", "oklch(", "oklab("].iter().any(|function| line.contains(function)) {
        return true;
    }
    line.match_indices('#').any(|(at, _)| {
        let digits = line[at + 1..].bytes().take_while(u8::is_ascii_hexdigit).count();
        let end = line[at + 1 + digits..].chars().next();
        let starts = line[..at].chars().next_back().is_none_or(|before| matches!(before, ' ' | ':' | '\'' | '"' | '(' | ','));
        matches!(digits, 3 | 4 | 6 | 8) && starts && end.is_none_or(|next| !next.is_alphanumeric() && next != '-' && next != '_')
    })
}

#[test]
fn a_colour_is_told_from_an_id() {
    assert!(names_a_colour("color: #fff;") && names_a_colour("a = '#A0B1C2'") && names_a_colour("rgb(0 0 0)"));
    assert!(!names_a_colour("{#each cards as card}") && !names_a_colour("href=\"#verdict\"") && !names_a_colour("issue #12 is"));
}

#[test]
fn only_the_backend_knows_tauri() {
    let mut broken = Vec::new();
    for path in files(&root().join("ui/src"), &["svelte", "ts", "js"]) {
        let inside = path.starts_with(root().join("ui/src/lib/backend"));
        if !inside && std::fs::read_to_string(&path).unwrap().contains("@tauri-apps") {
            broken.push(shown(&path));
        }
    }
    assert_none(&broken, "@tauri-apps is imported outside ui/src/lib/backend");
}

#[test]
fn the_page_is_granted_no_files_network_or_processes() {
    let mut broken = Vec::new();
    for path in files(&root().join("src-tauri/capabilities"), &["json", "toml"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        for plugin in ["fs:", "shell:", "http:", "process:", "dialog:", "opener:", "clipboard"] {
            if text.contains(&format!("\"{plugin}")) {
                broken.push(format!("{}: {plugin}", shown(&path)));
            }
        }
    }
    let configuration = std::fs::read_to_string(root().join("src-tauri/tauri.conf.json")).unwrap();
    for loose in ["unsafe-eval", "unsafe-inline", "\"withGlobalTauri\": true"] {
        if configuration.contains(loose) {
            broken.push(format!("src-tauri/tauri.conf.json: {loose}"));
        }
    }
    assert_none(&broken, "the page may do less than that");
}
