//! Owns histories made to do harm, each with a chain that holds: refused with a message, in bounded time, nothing outside read.

use crate::manifest::{
    ABC_XXH64, chain_path, chain_xml, entry, entry_with, forge, generation, hashlist, hashlist_with, manifests,
};
use crate::support::{Stage, everything, mhl, put};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Debug builds on a loaded machine; a hang or an explosion takes far longer.
const BOUND: Duration = Duration::from_secs(20);

/// Every command refuses the history as modified, soon, with words, and writes nothing.
#[track_caller]
fn refused(root: &Path, case: &str) {
    let before = everything(root);
    for command in ["verify", "diff", "info", "create"] {
        let start = Instant::now();
        let answer = mhl(command, root, "");
        assert_eq!(answer.code, 31, "{case}: {command}: {}", answer.all());
        assert!(start.elapsed() < BOUND, "{case}: {command} took {:?}", start.elapsed());
        assert!(answer.errors.trim().len() > 10, "{case}: {command} does not say why: {:?}", answer.errors);
        assert!(answer.all().len() < 20_000, "{case}: {command} says {} bytes", answer.all().len());
    }
    assert!(everything(root) == before, "{case}: something was written");
}

#[test]
fn paths_that_leave_the_root_are_refused() {
    let stage = Stage::new();
    fs::write(stage.path("outside.mov"), "abc").unwrap();
    let fifo = stage.path("fifo");
    crate::support::tool("mkfifo", &[fifo.as_os_str()]);
    let absolute = stage.path("outside.mov").to_str().unwrap().to_owned();
    for (case, path) in [
        ("absolute", absolute.as_str()),
        ("system", "/etc/passwd"),
        // Whoever opens it waits for ever.
        ("FIFO", fifo.to_str().unwrap()),
        ("above", "../outside.mov"),
        ("FIFO above", "../fifo"),
        ("above by a detour", "Clips/../../outside.mov"),
        ("detour", "Clips/../a.mov"),
        ("only above", ".."),
        ("only here", "."),
        ("here first", "./a.mov"),
        ("here within", "Clips/./a.mov"),
        ("empty", ""),
        ("slash", "/"),
        ("two slashes", "Clips//a.mov"),
        ("two slashes first", "//server/share"),
        ("below the history", "ascmhl/../../outside.mov"),
    ] {
        for (kind, xml) in [
            ("file", hashlist(&entry(path, "original"))),
            ("folder", {
                let path = crate::manifest::escape(path);
                hashlist(&format!("<directoryhash><path>{path}</path><content/><structure/></directoryhash>"))
            }),
            ("former", {
                let path = crate::manifest::escape(path);
                let hash = format!("<xxh64 action=\"verified\">{ABC_XXH64}</xxh64><previousPath>{path}</previousPath>");
                hashlist(&entry_with("a.mov", &hash))
            }),
        ] {
            let root = stage.tree("card", &[("a.mov", "abc"), ("Clips/a.mov", "abc")]);
            forge(&root, &[xml]);
            refused(&root, &format!("{case} {kind}"));
        }
    }
}

#[test]
fn a_path_twice_is_refused() {
    let stage = Stage::new();
    let folder = "<directoryhash><path>Clips</path><content/><structure/></directoryhash>";
    for (case, entries) in [
        ("file", format!("{}{}", entry("a.mov", "original"), entry("a.mov", "original"))),
        ("folder", format!("{}{folder}{folder}", entry("a.mov", "original"))),
        ("both", format!("{}{folder}", entry("Clips", "original"))),
    ] {
        let root = stage.tree(case, &[("a.mov", "abc"), ("Clips/", "")]);
        forge(&root, &[hashlist(&entries)]);
        refused(&root, case);
    }
}

#[test]
fn document_types_and_entities_are_refused() {
    let stage = Stage::new();
    let secret = stage.path("secret");
    fs::write(&secret, "a.mov").unwrap();
    let good = hashlist(&entry("NAME", "original"));
    let with =
        |subset: &str, name: &str| good.replace("?>\n", &format!("?>\n<!DOCTYPE hashlist [{subset}]>\n")).replace("NAME", name);
    let laughs = (1..12).fold("<!ENTITY e0 'lol lol lol lol lol lol lol lol lol lol'>".to_owned(), |all, n| {
        let before = format!("&e{};", n - 1).repeat(10);
        format!("{all}<!ENTITY e{n} '{before}'>")
    });
    let secret = secret.to_str().unwrap();
    for (case, xml) in [
        ("document type", good.replace("?>\n", "?>\n<!DOCTYPE hashlist>\n").replace("NAME", "a.mov")),
        ("internal entity", with("<!ENTITY name 'a.mov'>", "&name;")),
        ("laughs", with(&laughs, "&e11;")),
        ("file", with(&format!("<!ENTITY name SYSTEM 'file://{secret}'>"), "&name;")),
        ("network", with("<!ENTITY name SYSTEM 'http://127.0.0.1:9/a.mov'>", "&name;")),
        ("parameter", with(&format!("<!ENTITY % more SYSTEM 'file://{secret}'> %more;"), "a.mov")),
        (
            "external subset",
            good.replace("?>\n", &format!("?>\n<!DOCTYPE hashlist SYSTEM 'file://{secret}'>\n")).replace("NAME", "a.mov"),
        ),
        ("unknown entity", good.replace("NAME", "&nbsp;a.mov")),
        ("reference to NUL", good.replace("NAME", "a&#0;.mov")),
        ("reference to a surrogate", good.replace("NAME", "a&#xd800;.mov")),
    ] {
        let root = stage.tree(case, &[("a.mov", "abc")]);
        forge(&root, &[xml]);
        refused(&root, case);
    }
    // The chain is read as carefully.
    let root = stage.tree("chain", &[("a.mov", "abc")]);
    forge(&root, &[good.replace("NAME", "a.mov")]);
    mhl("verify", &root, "").expect(0);
    let chain = fs::read_to_string(chain_path(&root)).unwrap();
    fs::write(chain_path(&root), chain.replace("?>\n", "?>\n<!DOCTYPE ascmhldirectory [<!ENTITY x 'y'>]>\n")).unwrap();
    refused(&root, "chain");
}

#[test]
fn depth_breadth_and_length_are_bounded() {
    let stage = Stage::new();
    let (open, close) = ("<m>".repeat(200_000), "</m>".repeat(200_000));
    let good = entry("a.mov", "original");
    let attributes: String = (0..300_000).map(|n| format!(" a{n}=\"\"")).collect();
    let namespaces: String = (0..100_000).map(|n| format!(" xmlns:n{n}=\"u\"")).collect();
    let long = "x".repeat(8 << 20);
    for (case, xml) in [
        ("deep metadata", hashlist_with(&good, "", &format!("<metadata>{open}{close}</metadata>"))),
        ("deep and cut", hashlist_with(&good, "", &format!("<metadata>{open}"))),
        ("deep entry", hashlist(&format!("<hash>{open}{close}</hash>"))),
        ("many attributes", hashlist(&good.replace("<path ", &format!("<path {attributes} ")))),
        ("same attribute", hashlist(&good.replace("size=\"3\"", "size=\"3\" size=\"3\""))),
        ("many namespaces", hashlist(&good.replace("<path ", &format!("<path {namespaces} ")))),
        ("long path", hashlist(&entry(&long, "original"))),
        ("long digest", hashlist(&good.replace(ABC_XXH64, &long.replace('x', "0")))),
        ("long name", hashlist(&format!("<hash><path>a.mov</path><{long}/></hash>"))),
        ("long pattern", hashlist_with(&good, &format!("<pattern>{}</pattern>", "a*".repeat(1 << 20)), "")),
    ] {
        let root = stage.tree(case, &[("a.mov", "abc")]);
        forge(&root, &[xml]);
        let start = Instant::now();
        let answer = mhl("verify", &root, "");
        // What the rules allow may pass; nothing may take long, crash or repeat megabytes.
        assert!([0, 10, 20, 21, 31].contains(&answer.code), "{case}: {} {:.2000}", answer.code, answer.all());
        assert!(start.elapsed() < BOUND, "{case} took {:?}", start.elapsed());
        assert!(answer.all().len() < 100_000, "{case} says {} bytes", answer.all().len());
        let must =
            ["deep metadata", "deep and cut", "deep entry", "many attributes", "same attribute", "long path", "long digest"];
        if must.contains(&case) {
            refused(&root, case);
        }
    }
}

#[test]
fn what_is_no_manifest_is_refused() {
    let stage = Stage::new();
    let good = hashlist(&entry("a.mov", "original"));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("NUL", good.replace("a.mov", "a\0.mov").into_bytes()),
        ("control character", good.replace("a.mov", "a\u{1}.mov").into_bytes()),
        ("only NUL", vec![0; 4096]),
        ("not UTF-8", [good.as_bytes().split_at(400).0, b"\xff\xfe\xfd", good.as_bytes().split_at(400).1].concat()),
        ("cut", good.as_bytes()[..good.len() - 3].to_vec()),
        ("two roots", format!("{good}{}", good.split_once("?>").unwrap().1).into_bytes()),
        ("text after", format!("{good}and more").into_bytes()),
        ("another root", good.replace("hashlist", "list").into_bytes()),
        ("another namespace", good.replace("MHL:v2.0", "MHL:v3.0").into_bytes()),
        ("no namespace", good.replace(" xmlns=\"urn:ASC:MHL:v2.0\"", "").into_bytes()),
        ("unknown prefix", good.replace("<hash>", "<q:hash>").replace("</hash>", "</q:hash>").into_bytes()),
        ("open element", good.replace("</hash>", "").into_bytes()),
        ("crossed elements", good.replace("</hash>\n</hashes>", "</hashes></hash>").into_bytes()),
        ("a chain", chain_xml(&[(1, "0001_forged_2024-02-01_100000Z.mhl", "c4")]).into_bytes()),
        (
            "a legacy list",
            b"<?xml version=\"1.0\"?><hashlist version=\"1.1\"><hash><file>a.mov</file></hash></hashlist>".to_vec(),
        ),
        ("no path", good.replace("<path size=\"3\">a.mov</path>", "").into_bytes()),
        ("two paths", good.replace("</path>", "</path><path>b.mov</path>").into_bytes()),
        ("short digest", good.replace(ABC_XXH64, &ABC_XXH64[1..]).into_bytes()),
        ("no digest text", good.replace(ABC_XXH64, "").into_bytes()),
        ("not hexadecimal", good.replace(ABC_XXH64, "44bc2cf5ad77099g").into_bytes()),
        ("C4 too large", good.replace("xxh64", "c4").replace(ABC_XXH64, &format!("c4{}", "z".repeat(88))).into_bytes()),
        ("C4 alphabet", good.replace("xxh64", "c4").replace(ABC_XXH64, &format!("c4{}", "0".repeat(88))).into_bytes()),
    ];
    for (case, xml) in cases {
        let root = stage.tree(case, &[("a.mov", "abc")]);
        assert_ne!(xml, good.as_bytes(), "{case} changes nothing");
        forge(&root, &[xml]);
        refused(&root, case);
    }
}

/// Trusted by nobody: refused, or told as a file that nothing vouches for.
#[test]
fn an_unknown_action_makes_no_digest_trusted() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("a.mov", "abc"), ("b.mov", "abc")]);
    forge(&root, &[hashlist(&format!("{}{}", entry("a.mov", "trusted"), entry("b.mov", "original")))]);
    let answer = mhl("verify", &root, "").says("trusted");
    assert!([11, 31].contains(&answer.code), "{} {}", answer.code, answer.all());
}

/// A pattern nobody can compile must not switch off the others.
#[test]
fn a_huge_pattern_leaves_the_others_in_force() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("a.mov", "abc"), ("b.tmp", "left out"), (".DS_Store", "finder")]);
    let patterns = format!("<pattern>{}</pattern><pattern>*.tmp</pattern>", "a*".repeat(1 << 20));
    forge(&root, &[hashlist_with(&entry("a.mov", "original"), &patterns, "")]);
    let answer = mhl("verify", &root, "");
    assert!([0, 31].contains(&answer.code), "{} {:.2000}", answer.code, answer.all());
}

/// Names that are only unusual are no attack.
#[test]
fn unusual_but_honest_paths_are_accepted() {
    let stage = Stage::new();
    let names =
        ["..a", "...", "a..", "a/..b/c", ".x", "~", "~root", "C:", "C:\\x", "\\\\server\\share", "a\\..\\b", "%2e%2e", "-rf"];
    let root = stage.tree("card", &[]);
    for name in names {
        put(&root, name, "abc");
    }
    forge(&root, &[hashlist(&names.iter().map(|name| entry(name, "original")).collect::<String>())]);
    mhl("verify", &root, "").expect(0);
    mhl("diff", &root, "").expect(0);
}

#[test]
fn a_manifest_with_many_entries_is_read_in_linear_time() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("a.mov", "abc")]);
    let entries: String = (0..50_000).map(|n| entry(&format!("folder{}/file{n}.mov", n % 100), "original")).collect();
    forge(&root, &[hashlist(&entries), hashlist(&entry("a.mov", "original"))]);
    let start = Instant::now();
    mhl("diff", &root, "").expect(10);
    assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());
}

/// Renames that go in circles, or to one another.
#[test]
fn circular_renames_end() {
    let stage = Stage::new();
    let renamed = |path: &str, from: &str| {
        entry_with(path, &format!("<xxh64 action=\"verified\">{ABC_XXH64}</xxh64><previousPath>{from}</previousPath>"))
    };
    for (case, manifests) in [
        ("itself", vec![hashlist(&renamed("a.mov", "a.mov"))]),
        ("each other", vec![hashlist(&format!("{}{}", renamed("a.mov", "b.mov"), renamed("b.mov", "a.mov")))]),
        (
            "in turns",
            vec![
                hashlist(&entry("a.mov", "original")),
                hashlist(&renamed("b.mov", "a.mov")),
                hashlist(&renamed("a.mov", "b.mov")),
            ],
        ),
        (
            "two from one",
            vec![
                hashlist(&entry("c.mov", "original")),
                hashlist(&format!("{}{}", renamed("a.mov", "c.mov"), renamed("b.mov", "c.mov"))),
            ],
        ),
        ("from nowhere", vec![hashlist(&renamed("a.mov", "nowhere.mov"))]),
    ] {
        let root = stage.tree(case, &[("a.mov", "abc")]);
        forge(&root, &manifests);
        let count = manifests.len();
        for command in ["verify", "diff", "info", "create"] {
            let answer = mhl(command, &root, "");
            assert!([0, 10, 11, 21, 31].contains(&answer.code), "{case} {command}: {} {}", answer.code, answer.all());
        }
        if crate::manifest::manifests(&root).len() > count {
            assert!(generation(&root, u32::try_from(count).unwrap() + 1).files.contains_key("a.mov"), "{case}");
        }
    }
    let root = stage.tree("in turns", &[]);
    mhl("verify", &root, "").expect(0);
}

/// A history nested in itself by a link would never end.
#[test]
fn links_and_deep_nesting_end() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("a.mov", "abc"), ("Clips/b.mov", "abc")]);
    std::os::unix::fs::symlink("..", root.join("Clips/up")).unwrap();
    forge(&root, &[hashlist(&format!("{}{}", entry("a.mov", "original"), entry("Clips/b.mov", "original")))]);
    mhl("verify", &root, "").expect(0);
    // 60 histories, one in the other.
    let deep = stage.tree("deep", &[]);
    let mut folder = deep.clone();
    for _ in 0..60 {
        put(&folder, "a.mov", "abc");
        forge(&folder, &[hashlist(&entry("a.mov", "original"))]);
        folder.push("n");
    }
    mhl("verify", &deep, "").expect(0);
    mhl("create", &deep, "-h xxh64").expect(0);
    assert_eq!(manifests(&deep).len(), 2);
    crate::support::assert_valid(&deep);
}
