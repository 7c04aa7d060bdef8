//! Owns directory hashes (spec 6.5.2, appendix G): content and structure of each folder, from the digests of its files. Names go in
//! as they are, without Unicode normalisation. Not the Merkle tree of C4: nothing here may be replaced by that.

use crate::hash::{MultiHasher, hash_bytes};
use checkgate_model::{HashFormat, HashValue, RelPath};
use std::collections::{BTreeMap, HashMap};

/// The two hashes of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderHashes {
    /// Over the contents below, whatever the names.
    pub content: HashValue,
    /// Over names and contents below.
    pub structure: HashValue,
}

/// The hashes of a scope and of every folder in it, in one format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryHashes {
    /// Of the scope itself.
    pub root: FolderHashes,
    /// Of each folder below it.
    pub folders: BTreeMap<RelPath, FolderHashes>,
}

/// What the children of one folder add to it.
#[derive(Default)]
struct Parts {
    contents: Vec<Vec<u8>>,
    structures: Vec<Vec<u8>>,
}

/// Computes the hashes of every folder, given the digest in `format` of every file that is not ignored, and every folder that
/// holds no such file (others follow from the files' paths).
#[must_use]
pub fn directory_hashes<'a>(
    format: HashFormat,
    files: impl IntoIterator<Item = (&'a RelPath, &'a HashValue)>,
    folders: impl IntoIterator<Item = &'a RelPath>,
) -> DirectoryHashes {
    let mut parts: HashMap<&str, Parts> = HashMap::new();
    parts.insert("", Parts::default());
    for folder in folders {
        add_with_parents(&mut parts, folder.as_str());
    }
    for (path, digest) in files {
        let above = parent(path.as_str());
        add_with_parents(&mut parts, above);
        let named = named(format, path.file_name(), digest.bytes());
        let into = parts.get_mut(above).expect("added just before");
        into.contents.push(digest.bytes().to_vec());
        into.structures.push(named);
    }
    let mut order: Vec<&str> = parts.keys().copied().filter(|path| !path.is_empty()).collect();
    // Deepest first, so that every folder is complete when its own turn comes.
    order.sort_unstable_by_key(|path| std::cmp::Reverse(path.bytes().filter(|byte| *byte == b'/').count()));
    let mut hashed = BTreeMap::new();
    for path in order {
        let own = fold(format, parts.remove(path).unwrap_or_default());
        let name = path.rsplit('/').next().unwrap_or(path);
        let into = parts.get_mut(parent(path)).expect("every parent was added, and is shallower");
        into.contents.push(own.content.bytes().to_vec());
        into.structures.push(named(format, name, own.structure.bytes()));
        hashed.insert(RelPath::new(path).expect("a parent of a path is a path"), own);
    }
    DirectoryHashes { root: fold(format, parts.remove("").unwrap_or_default()), folders: hashed }
}

fn parent(path: &str) -> &str {
    path.rfind('/').map_or("", |slash| &path[..slash])
}

fn add_with_parents<'a>(parts: &mut HashMap<&'a str, Parts>, mut path: &'a str) {
    while !path.is_empty() && !parts.contains_key(path) {
        parts.insert(path, Parts::default());
        path = parent(path);
    }
}

fn named(format: HashFormat, name: &str, digest: &[u8]) -> Vec<u8> {
    let mut hasher = MultiHasher::new(&[format]);
    hasher.update(name.as_bytes());
    hasher.update(digest);
    hasher.finish().pop().expect("one format gives one value").bytes().to_vec()
}

/// Sorted by digest, because the order of names must not matter; text order and byte order agree in every format.
fn fold(format: HashFormat, mut parts: Parts) -> FolderHashes {
    parts.contents.sort_unstable();
    parts.structures.sort_unstable();
    FolderHashes {
        content: hash_bytes(format, &parts.contents.concat()),
        structure: hash_bytes(format, &parts.structures.concat()),
    }
}
