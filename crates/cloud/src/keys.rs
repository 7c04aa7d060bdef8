//! Owns where everything of a package lies in the object store. Keys are built here from the tenant, the package and a checked
//! path, never taken from a client.
//!
//! ```text
//! TENANT/PACKAGE/plan.json                      what the client declared
//! TENANT/PACKAGE/uploads/N.json                 the multipart upload of file N
//! TENANT/PACKAGE/media/PATH                     the objects
//! TENANT/PACKAGE/package.json                   the marker; without it workers do not see the package
//! TENANT/PACKAGE/progress.json                  a hint for people
//! TENANT/PACKAGE/failed.json                    a stage gave up
//! TENANT/PACKAGE/out/STAGE/TOOL/INPUT/…         results, addressed by what they were made from
//! quota/TENANT/PACKAGE/BYTES                    declared size, so that a listing is the sum
//! ```

use checkgate_model::RelPath;
use checkgate_transfer::PackageId;
use checkgate_transfer::wire::DeclaredFile;
use object_store::path::Path;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Why a name cannot become a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not `a-z`, `0-9` and `-`, 1 to 40 characters.
    #[error("{0:?} is no tenant name")]
    Tenant(String),
    /// Not an id this service makes.
    #[error("{0:?} is no package id")]
    Package(String),
    /// A name that is too long for an object key or a file name once it is encoded.
    #[error("the name {0} is too long for the store")]
    TooLong(RelPath),
    /// Twice the same name, or a file where another file needs a folder.
    #[error("{0} collides with another file of the package")]
    Collision(RelPath),
}

/// A customer. Everything they own lies under their name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenant(String);

impl Tenant {
    /// Checks a name.
    pub fn new(name: &str) -> Result<Self, KeyError> {
        let legal =
            (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if legal && name != "quota" { Ok(Self(name.to_owned())) } else { Err(KeyError::Tenant(name.chars().take(60).collect())) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The package a client's upload id stands for: the same id of the same tenant always gives the same package.
    #[must_use]
    pub fn package_for(&self, upload: &str) -> PackageId {
        let mut hash = Sha256::new();
        hash.update(self.0.as_bytes());
        hash.update([0]);
        hash.update(upload.as_bytes());
        PackageId(hex(&hash.finalize()[..16]))
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Content address of anything that serialises the same way every time.
pub(crate) fn address_of(value: &impl serde::Serialize) -> String {
    // Only our own types come here; they hold no map with other than text keys.
    let bytes = serde_json::to_vec(value).expect("own types serialise");
    hex(&Sha256::digest(&bytes)[..16])
}

/// The keys of one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageKeys {
    tenant: Tenant,
    package: PackageId,
}

impl PackageKeys {
    /// Checks the id's form, so that it can stand in a key.
    pub fn new(tenant: &Tenant, package: &PackageId) -> Result<Self, KeyError> {
        let text = package.as_str();
        if text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            Ok(Self { tenant: tenant.clone(), package: package.clone() })
        } else {
            Err(KeyError::Package(text.chars().take(60).collect()))
        }
    }

    /// Owner.
    #[must_use]
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// The package.
    #[must_use]
    pub fn package(&self) -> &PackageId {
        &self.package
    }

    fn at(&self, rest: &str) -> Path {
        // Every piece is checked or encoded already; parsing keeps it as it stands.
        Path::parse(format!("{}/{}/{rest}", self.tenant.0, self.package)).expect("built from checked pieces")
    }

    pub(crate) fn plan(&self) -> Path {
        self.at("plan.json")
    }

    pub(crate) fn upload(&self, file: usize) -> Path {
        self.at(&format!("uploads/{file}.json"))
    }

    pub(crate) fn marker(&self) -> Path {
        self.at("package.json")
    }

    pub(crate) fn progress(&self) -> Path {
        self.at("progress.json")
    }

    pub(crate) fn failed(&self) -> Path {
        self.at("failed.json")
    }

    pub(crate) fn quota(&self, size_bytes: u64) -> Path {
        Path::parse(format!("quota/{}/{}/{size_bytes}", self.tenant.0, self.package)).expect("built from checked pieces")
    }

    /// Folder of all objects.
    #[must_use]
    pub fn media_folder(&self) -> Path {
        self.at("media")
    }

    /// Key of one object.
    #[must_use]
    pub fn media(&self, path: &RelPath) -> Path {
        self.at(&format!("media/{}", encode(path)))
    }

    /// The path an object's key stands for; `None` for a key this service never makes.
    #[must_use]
    pub fn path_of(&self, key: &Path) -> Option<RelPath> {
        let rest = key.as_ref().strip_prefix(self.media_folder().as_ref())?.strip_prefix('/')?;
        let path = decode(rest)?;
        (encode(&path) == rest).then_some(path)
    }

    /// Folder for the results of one stage over one input.
    #[must_use]
    pub fn out(&self, stage: &str, tool: &str, input: &str, name: &str) -> Path {
        self.at(&format!("out/{stage}/{tool}/{input}/{name}"))
    }

    /// Everything a stage has made with a tool.
    #[must_use]
    pub fn out_folder(&self, stage: &str, tool: &str) -> Path {
        self.at(&format!("out/{stage}/{tool}"))
    }
}

pub(crate) fn quota_folder(tenant: &Tenant) -> Path {
    Path::parse(format!("quota/{}", tenant.0)).expect("built from checked pieces")
}

/// Characters that some store or file system gives a meaning, and control characters, become `%XX`; everything else, blanks and
/// other scripts included, stays readable.
fn encode(path: &RelPath) -> String {
    let mut key = String::with_capacity(path.as_str().len());
    for character in path.as_str().chars() {
        match character {
            '%' | '#' | '?' | '*' | '\\' | ':' | '<' | '>' | '|' | '"' | '~' | '`' | '^' | '{' | '}' | '[' | ']' => {
                key.push_str(&format!("%{:02X}", u32::from(character)));
            }
            control if control.is_ascii_control() => key.push_str(&format!("%{:02X}", u32::from(control))),
            other => key.push(other),
        }
    }
    key
}

fn decode(key: &str) -> Option<RelPath> {
    let mut path = String::with_capacity(key.len());
    let mut rest = key;
    while let Some(percent) = rest.find('%') {
        path.push_str(&rest[..percent]);
        let code = u8::from_str_radix(rest.get(percent + 1..percent + 3)?, 16).ok()?;
        path.push(char::from(code));
        rest = &rest[percent + 3..];
    }
    path.push_str(rest);
    RelPath::new(&path).ok()
}

/// Refuses a list of files that no store could hold side by side.
pub(crate) fn check_names(files: &[DeclaredFile]) -> Result<(), KeyError> {
    let mut names = BTreeSet::new();
    for file in files {
        let encoded = encode(&file.key);
        if encoded.len() > 900 || encoded.split('/').any(|part| part.len() > 255) {
            return Err(KeyError::TooLong(file.key.clone()));
        }
        if !names.insert(&file.key) {
            return Err(KeyError::Collision(file.key.clone()));
        }
    }
    for file in files {
        let mut folder = file.key.parent();
        while let Some(above) = folder {
            if names.contains(&above) {
                return Err(KeyError::Collision(above));
            }
            folder = above.parent();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys() -> PackageKeys {
        let tenant = Tenant::new("local").expect("legal");
        let package = tenant.package_for("u1");
        PackageKeys::new(&tenant, &package).expect("own id")
    }

    proptest! {
        #[test]
        fn every_legal_path_has_a_key_of_its_own_and_comes_back(text in "[^\0/]{1,20}(/[^\0/]{1,20}){0,3}") {
            if let Ok(path) = RelPath::new(&text) {
                let key = keys().media(&path);
                prop_assert!(key.as_ref().starts_with(keys().media_folder().as_ref()));
                prop_assert_eq!(keys().path_of(&key), Some(path));
            }
        }
    }

    #[test]
    fn nothing_a_client_says_leaves_its_folder() {
        for bad in ["", "..", "a/b", "A", "quota", "x y"] {
            assert!(Tenant::new(bad).is_err(), "{bad:?}");
        }
        let tenant = Tenant::new("local").expect("legal");
        for bad in ["", "..", "../../etc", "ABCDEF0123456789ABCDEF0123456789", "0123"] {
            assert!(PackageKeys::new(&tenant, &bad.into()).is_err(), "{bad:?}");
        }
        let foreign = Path::parse("other/package/media/x").expect("legal");
        assert_eq!(keys().path_of(&foreign), None);
    }

    #[test]
    fn a_file_cannot_also_be_a_folder() {
        let file = |key: &str| DeclaredFile {
            key: RelPath::new(key).expect("legal"),
            size_bytes: 1,
            hashes: Vec::new(),
            manifest: false,
        };
        assert!(check_names(&[file("a/b"), file("c")]).is_ok());
        assert!(matches!(check_names(&[file("a"), file("a/b/c")]), Err(KeyError::Collision(_))));
        assert!(matches!(check_names(&[file("a"), file("a")]), Err(KeyError::Collision(_))));
        assert!(matches!(check_names(&[file(&"%".repeat(200))]), Err(KeyError::TooLong(_))));
    }

    #[test]
    fn two_tenants_never_share_a_package() {
        let one = Tenant::new("a").expect("legal").package_for("u");
        assert_ne!(one, Tenant::new("b").expect("legal").package_for("u"));
        assert_eq!(one, Tenant::new("a").expect("legal").package_for("u"));
    }
}
