//! Owns a second reading of what histories say, independent of the program under test: manifests, chains, C4. And forged histories
//! whose chain holds although no tool would write them.

use sha2::{Digest as _, Sha512};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const MANIFEST: &str = "urn:ASC:MHL:v2.0";
const CHAIN: &str = "urn:ASC:MHL:DIRECTORY:v2.0";

/// Digests by format.
pub(crate) type Digests = BTreeMap<String, String>;

/// What a generation says, without who, when and in which order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) process: String,
    pub(crate) root: Option<Folder>,
    pub(crate) patterns: Vec<String>,
    pub(crate) files: BTreeMap<String, File>,
    pub(crate) folders: BTreeMap<String, Folder>,
    /// C4 of the manifests of nested histories by path.
    pub(crate) references: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) size: Option<u64>,
    pub(crate) previous: Option<String>,
    /// Action and digest by format.
    pub(crate) hashes: BTreeMap<String, (String, String)>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Folder {
    pub(crate) content: Digests,
    pub(crate) structure: Digests,
    pub(crate) previous: Option<String>,
}

fn child<'a>(node: roxmltree::Node<'a, 'a>, name: &str) -> Option<roxmltree::Node<'a, 'a>> {
    node.children().find(|child| child.has_tag_name((MANIFEST, name)))
}

fn text(node: roxmltree::Node<'_, '_>) -> String {
    node.text().unwrap_or_default().to_owned()
}

fn digests(node: Option<roxmltree::Node<'_, '_>>) -> Digests {
    let elements = node.into_iter().flat_map(|node| node.children().filter(roxmltree::Node::is_element).collect::<Vec<_>>());
    elements.map(|element| (element.tag_name().name().to_owned(), text(element).trim().to_owned())).collect()
}

fn folder(node: roxmltree::Node<'_, '_>) -> Folder {
    let mut found = Folder::default();
    for part in node.children() {
        match part.tag_name().name() {
            "content" => found.content = digests(Some(part)),
            "structure" => found.structure = digests(Some(part)),
            "previousPath" => found.previous = Some(text(part)),
            _ => {}
        }
    }
    found
}

impl Manifest {
    #[track_caller]
    pub(crate) fn read(path: &Path) -> Self {
        let xml = fs::read_to_string(path).unwrap();
        let document = roxmltree::Document::parse(&xml).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let list = document.root_element();
        assert!(list.has_tag_name((MANIFEST, "hashlist")), "{}", path.display());
        let mut manifest = Self::default();
        let process = child(list, "processinfo").unwrap();
        manifest.process = text(child(process, "process").unwrap());
        manifest.root = child(process, "roothash").map(folder);
        for pattern in child(process, "ignore").into_iter().flat_map(|ignore| ignore.children().collect::<Vec<_>>()) {
            if pattern.is_element() {
                manifest.patterns.push(text(pattern));
            }
        }
        for entry in child(list, "hashes").into_iter().flat_map(|hashes| hashes.children().collect::<Vec<_>>()) {
            if !entry.is_element() {
                continue;
            }
            let name = child(entry, "path").unwrap();
            let duplicate = if entry.tag_name().name() == "hash" {
                manifest.files.insert(text(name), file(entry)).is_some()
            } else {
                assert!(name.attribute("size").is_none(), "a folder has no size");
                manifest.folders.insert(text(name).trim_end_matches('/').to_owned(), folder(entry)).is_some()
            };
            assert!(!duplicate, "{} is recorded twice in {}", text(name), path.display());
        }
        for entry in child(list, "references").into_iter().flat_map(|references| references.children().collect::<Vec<_>>()) {
            if entry.is_element() {
                let c4 = text(child(entry, "c4").unwrap()).trim().to_owned();
                manifest.references.insert(text(child(entry, "path").unwrap()), c4);
            }
        }
        manifest
    }

    /// Every action there is.
    pub(crate) fn actions(&self) -> BTreeSet<&str> {
        self.files.values().flat_map(|file| file.hashes.values().map(|(action, _)| action.as_str())).collect()
    }

    #[track_caller]
    pub(crate) fn action(&self, path: &str, format: &str) -> &str {
        let file = self.files.get(path).unwrap_or_else(|| panic!("{path} is not recorded: {:?}", self.names()));
        file.hashes.get(format).map_or("none", |(action, _)| action)
    }

    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.files.keys().map(String::as_str).collect()
    }

    /// Comparable between tools: no size of empty files (the reference writes none), references without the time in the name and
    /// without C4, patterns as a set.
    pub(crate) fn comparable(mut self) -> Self {
        for file in self.files.values_mut() {
            file.size = file.size.filter(|size| *size > 0);
        }
        self.references = self
            .references
            .into_keys()
            .map(|path| {
                let (folder, name) = path.rsplit_once('/').unwrap_or_default();
                (format!("{folder}/{}", &name[..4]), String::new())
            })
            .collect();
        self
    }
}

fn file(entry: roxmltree::Node<'_, '_>) -> File {
    let mut found = File::default();
    for part in entry.children().filter(roxmltree::Node::is_element) {
        match part.tag_name().name() {
            "path" => found.size = part.attribute("size").map(|size| size.parse().unwrap()),
            "previousPath" => found.previous = Some(text(part)),
            "metadata" => {}
            format => {
                let value = (part.attribute("action").unwrap_or_default().to_owned(), text(part).trim().to_owned());
                assert!(found.hashes.insert(format.to_owned(), value).is_none(), "{format} twice");
            }
        }
    }
    found
}

/// Manifests of one history by number.
pub(crate) fn manifests(root: &Path) -> BTreeMap<u32, PathBuf> {
    let mut found = BTreeMap::new();
    let Ok(entries) = fs::read_dir(root.join("ascmhl")) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.extension() != Some("mhl".as_ref()) {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        let number = name.split(['_', '.']).next().unwrap().parse().unwrap();
        assert!(found.insert(number, path.clone()).is_none(), "two generations {number}");
    }
    found
}

/// One generation of the history in `root`.
#[track_caller]
pub(crate) fn generation(root: &Path, number: u32) -> Manifest {
    Manifest::read(&manifest_path(root, number))
}

#[track_caller]
pub(crate) fn manifest_path(root: &Path, number: u32) -> PathBuf {
    let found = manifests(root);
    found.get(&number).unwrap_or_else(|| panic!("no generation {number} in {}: {found:?}", root.display())).clone()
}

pub(crate) fn chain_path(root: &Path) -> PathBuf {
    root.join("ascmhl/ascmhl_chain.xml")
}

/// Sequence number, file and C4 of each line of a chain.
#[track_caller]
pub(crate) fn chain(root: &Path) -> Vec<(u32, String, String)> {
    let xml = fs::read_to_string(chain_path(root)).unwrap();
    let document = roxmltree::Document::parse(&xml).unwrap();
    let part = |node: roxmltree::Node<'_, '_>, name: &str| {
        let part = node.children().find(|child| child.has_tag_name((CHAIN, name))).unwrap();
        part.text().unwrap().trim().to_owned()
    };
    let lists = document.root_element().children().filter(|node| node.has_tag_name((CHAIN, "hashlist")));
    lists.map(|list| (list.attribute("sequencenr").unwrap().parse().unwrap(), part(list, "path"), part(list, "c4"))).collect()
}

/// The chain counts from 1 without a gap, names every manifest, and each C4 is that of its manifest.
#[track_caller]
pub(crate) fn assert_chain_holds(root: &Path) {
    let chain = chain(root);
    let numbers: Vec<u32> = chain.iter().map(|(number, _, _)| *number).collect();
    assert_eq!(numbers, (1..=numbers.len() as u32).collect::<Vec<_>>(), "{}", root.display());
    let names: Vec<PathBuf> = chain.iter().map(|(_, name, _)| root.join("ascmhl").join(name)).collect();
    assert_eq!(names, manifests(root).into_values().collect::<Vec<_>>());
    for (_, name, found) in &chain {
        assert_eq!(*found, c4(&fs::read(root.join("ascmhl").join(name)).unwrap()), "{name}");
    }
}

/// SMPTE ST 2114, by long division.
pub(crate) fn c4(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut digest = Sha512::digest(bytes).to_vec();
    let mut text = [b'1'; 88];
    for place in text.iter_mut().rev() {
        let mut remainder = 0_u32;
        for byte in &mut digest {
            let value = remainder * 256 + u32::from(*byte);
            *byte = u8::try_from(value / 58).unwrap();
            remainder = value % 58;
        }
        *place = ALPHABET[remainder as usize];
    }
    format!("c4{}", std::str::from_utf8(&text).unwrap())
}

// ------------------------------------------------------------------------------------------------ forged histories

/// XXH64 of `abc`, the content every forged entry names.
pub(crate) const ABC_XXH64: &str = "44bc2cf5ad770999";
pub(crate) const ABC_MD5: &str = "900150983cd24fb0d6963f7d28e17f72";

/// Text of an element or attribute.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\r', "&#13;")
}

/// An entry for a file that holds `abc`.
pub(crate) fn entry(path: &str, action: &str) -> String {
    entry_with(path, &format!("<xxh64 action=\"{action}\" hashdate=\"2024-02-01T10:00:00Z\">{ABC_XXH64}</xxh64>"))
}

pub(crate) fn entry_with(path: &str, hashes: &str) -> String {
    format!("<hash><path size=\"3\">{}</path>{hashes}</hash>", escape(path))
}

/// A manifest around the children of `hashes`.
pub(crate) fn hashlist(entries: &str) -> String {
    hashlist_with(entries, "", "")
}

/// The same with more patterns and what follows `hashes`.
pub(crate) fn hashlist_with(entries: &str, patterns: &str, after: &str) -> String {
    let hashes = if entries.is_empty() { String::new() } else { format!("<hashes>\n{entries}\n</hashes>") };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hashlist version=\"2.0\" xmlns=\"{MANIFEST}\">\n<creatorinfo>\
         <creationdate>2024-02-01T10:00:00Z</creationdate><hostname>cart</hostname><tool>forge</tool></creatorinfo>\n\
         <processinfo><process>in-place</process><ignore><pattern>.DS_Store</pattern><pattern>ascmhl</pattern>\
         <pattern>ascmhl/</pattern>{patterns}</ignore></processinfo>\n{hashes}{after}</hashlist>\n"
    )
}

/// A chain over lines of number, path and C4.
pub(crate) fn chain_xml(lines: &[(u32, &str, &str)]) -> String {
    let mut xml = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ascmhldirectory xmlns=\"{CHAIN}\">\n");
    for (number, path, c4) in lines {
        let path = escape(path);
        writeln!(xml, "<hashlist sequencenr=\"{number}\"><path>{path}</path><c4>{c4}</c4></hashlist>").unwrap();
    }
    xml + "</ascmhldirectory>\n"
}

/// Writes manifests as the history of `root` with a chain that holds. Generation n is named `000n_forged_…`.
pub(crate) fn forge(root: &Path, manifests: &[impl AsRef<[u8]>]) {
    let folder = root.join("ascmhl");
    fs::create_dir_all(&folder).unwrap();
    let mut lines = Vec::new();
    for (number, bytes) in (1..).zip(manifests) {
        let name = format!("{number:04}_forged_2024-02-01_100000Z.mhl");
        fs::write(folder.join(&name), bytes).unwrap();
        lines.push((number, name, c4(bytes.as_ref())));
    }
    let lines: Vec<_> = lines.iter().map(|(number, name, c4)| (*number, name.as_str(), c4.as_str())).collect();
    fs::write(folder.join("ascmhl_chain.xml"), chain_xml(&lines)).unwrap();
}

/// Makes the chain hold again after manifests were changed.
pub(crate) fn rechain(root: &Path) {
    let lines: Vec<_> = manifests(root)
        .into_iter()
        .map(|(number, path)| (number, path.file_name().unwrap().to_str().unwrap().to_owned(), c4(&fs::read(path).unwrap())))
        .collect();
    let lines: Vec<_> = lines.iter().map(|(number, name, c4)| (*number, name.as_str(), c4.as_str())).collect();
    fs::write(chain_path(root), chain_xml(&lines)).unwrap();
}

/// Changes the text of one manifest and makes the chain hold again.
pub(crate) fn rewrite(root: &Path, number: u32, change: impl FnOnce(String) -> String) {
    let path = manifest_path(root, number);
    let before = fs::read_to_string(&path).unwrap();
    let after = change(before.clone());
    assert_ne!(before, after, "nothing was changed");
    fs::write(path, after).unwrap();
    rechain(root);
}
