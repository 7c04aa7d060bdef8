//! Owns what can be known to go wrong before the first byte is written: unsafe, full, read-only or unfit destinations. Answers
//! every problem, not the first. Must never write: it looks at the nearest existing folder of each destination.

use crate::folder::{self, Folder, FolderKey};
use crate::listing::{Listing, SkipReason};
use crate::mounts::{self, Volume};
use crate::partial;
use crate::source::Source;
use checkgate_model::{ErrorCode, VolumeId};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// FAT keeps the size of a file in 32 bits.
const LARGEST_ON_FAT: u64 = u32::MAX as u64;
/// Names of examples in one message.
const MOST_EXAMPLES: usize = 3;

/// Something that stands against an offload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreflightProblem {
    /// Destination it is about; `None` if it is about the source.
    pub destination: Option<PathBuf>,
    /// Code on the wire.
    pub code: ErrorCode,
    /// One sentence.
    pub message: String,
    /// Whether the offload must not start; else it is a warning.
    pub blocking: bool,
}

/// A destination as far as it exists.
struct Place {
    asked: PathBuf,
    existing: PathBuf,
    /// `existing` and the components that are still to be made.
    whole: PathBuf,
    key: Option<FolderKey>,
    is_whole: bool,
    volume: Volume,
    /// Names in it ignore capitals: the volume does, or this folder of it.
    ignores_case: bool,
    /// Where it lies in its file system, whatever bind mounts show it under.
    true_path: (u64, PathBuf),
}

/// Looks at a planned offload. For a resumed one pass a listing of what is still to be copied.
#[must_use]
pub fn preflight(source: &Source, listing: &Listing, destinations: &[PathBuf]) -> Vec<PreflightProblem> {
    let mut problems = Vec::new();
    let mut tell = |destination: Option<&Path>, code, blocking, message| {
        problems.push(PreflightProblem { destination: destination.map(Path::to_path_buf), code, message, blocking });
    };
    if listing.files.is_empty() {
        tell(None, ErrorCode::SourceEmpty, true, format!("There is no file on {}", source.root().display()));
    }
    let unnamable: Vec<&str> =
        listing.skipped.iter().filter(|item| item.reason == SkipReason::IllegalName).map(|item| item.path.as_str()).collect();
    examples(&unnamable, &mut |names| {
        let words =
            format!("The card holds names of more than 255 bytes, or paths of more than 4096, which no copy can hold: {names}");
        tell(None, ErrorCode::DestinationUnsafe, true, words);
    });
    for unreadable in &listing.unreadable {
        tell(None, ErrorCode::SourceUnreadable, false, format!("{} cannot be read: {}", unreadable.path, unreadable.error));
    }
    if destinations.is_empty() {
        tell(None, ErrorCode::BadRequest, true, "No destination is given".to_owned());
    }
    let mut places = Vec::new();
    for destination in destinations {
        match look(destination) {
            Ok(place) => places.push(place),
            Err(message) => tell(Some(destination), ErrorCode::DestinationFailed, true, message),
        }
    }
    let root_key = folder::key_at(source.root()).ok();
    let root_true = true_path(source.root());
    for place in &places {
        against_source(source, root_key, root_true.as_ref(), place, &mut |code, blocking, message| {
            tell(Some(&place.asked), code, blocking, message)
        });
        fitness(listing, place, &mut |code, blocking, message| tell(Some(&place.asked), code, blocking, message));
    }
    for (index, place) in places.iter().enumerate() {
        for other in &places[..index] {
            let same = place.is_whole && other.is_whole && place.key.is_some() && place.key == other.key;
            if same || same_path(&place.true_path, &other.true_path, place.ignores_case) || place.whole == other.whole {
                tell(
                    Some(&place.asked),
                    ErrorCode::DestinationUnsafe,
                    true,
                    format!("{} and {} are one folder", place.asked.display(), other.asked.display()),
                );
            } else if place.volume.device_identity.is_some() && place.volume.device_identity == other.volume.device_identity {
                tell(
                    Some(&place.asked),
                    ErrorCode::DestinationUnsafe,
                    false,
                    format!(
                        "{} and {} lie on one physical device and count as one copy",
                        place.asked.display(),
                        other.asked.display()
                    ),
                );
            }
        }
    }
    space(listing, &places, &mut |destination, code, message| tell(Some(destination), code, true, message));
    problems
}

/// Why two folders are not two: they are one under two names (links, bind mounts, capitals), or one lies in the other. `None` if
/// neither is so, or a folder cannot be looked at.
#[must_use]
pub fn one_folder(a: &Path, b: &Path) -> Option<String> {
    let (a, b) = (look(a).ok()?, look(b).ok()?);
    let ignores_case = a.ignores_case;
    let (shown_a, shown_b) = (a.asked.display(), b.asked.display());
    if (a.is_whole && b.is_whole && a.key.is_some() && a.key == b.key) || same_path(&a.true_path, &b.true_path, ignores_case) {
        Some(format!("{shown_a} and {shown_b} are one folder"))
    } else if lies_in(&a.true_path, &b.true_path, ignores_case) {
        Some(format!("{shown_a} lies in {shown_b}"))
    } else if lies_in(&b.true_path, &a.true_path, ignores_case) {
        Some(format!("{shown_b} lies in {shown_a}"))
    } else {
        None
    }
}

fn look(asked: &Path) -> Result<Place, String> {
    let failed = |error: &dyn std::error::Error| match error.source() {
        Some(cause) => format!("{} cannot be used: {error}: {cause}", asked.display()),
        None => format!("{} cannot be used: {error}", asked.display()),
    };
    let existing = mounts::nearest_existing(asked).map_err(|error| failed(&error))?;
    if !existing.is_dir() {
        return Err(format!("{} is not a folder", existing.display()));
    }
    let absolute = std::path::absolute(asked).map_err(|error| failed(&error))?;
    // What is left after the part that exists; the number of components is the same before and after links.
    let mut missing = Vec::new();
    let mut rest = absolute.clone();
    while rest.canonicalize().is_err() {
        match rest.file_name() {
            Some(name) => missing.push(name.to_os_string()),
            None if rest.as_os_str().to_string_lossy().contains("..") => {
                return Err(format!("{} climbs through a folder that does not exist", asked.display()));
            }
            None => {}
        }
        if !rest.pop() {
            break;
        }
    }
    let mut whole = existing.clone();
    whole.extend(missing.iter().rev());
    let volume = mounts::volume_of(&existing).map_err(|error| failed(&error))?;
    let mut true_path = true_path(&existing).ok_or_else(|| format!("{} cannot be looked at", existing.display()))?;
    true_path.1.extend(missing.iter().rev());
    Ok(Place {
        asked: asked.to_path_buf(),
        key: folder::key_at(&existing).ok(),
        is_whole: missing.is_empty(),
        ignores_case: volume.ignores_case() || folds_case(&existing),
        existing,
        whole,
        volume,
        true_path,
    })
}

/// Whether a folder ignores capitals although its volume does not: ext4 and f2fs fold case by folder, and what is made in such a
/// folder inherits it.
fn folds_case(folder: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        /// `FS_CASEFOLD_FL` of linux/fs.h.
        const CASEFOLD: u32 = 0x4000_0000;
        std::fs::File::open(folder)
            .and_then(|handle| Ok(rustix::fs::ioctl_getflags(handle)?))
            .is_ok_and(|flags| flags.bits() & CASEFOLD != 0)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
        false
    }
}

/// Device, and path within the file system: the same for a folder and for any bind mount of it.
fn true_path(path: &Path) -> Option<(u64, PathBuf)> {
    let device = folder::key_at(path).ok()?.0;
    #[cfg(target_os = "linux")]
    {
        let mount = crate::linux::mount_of(path).ok()?;
        let below = path.strip_prefix(&mount.mount_point).unwrap_or(path);
        Some((device, if below.as_os_str().is_empty() { mount.root } else { mount.root.join(below) }))
    }
    #[cfg(not(target_os = "linux"))]
    Some((device, path.to_path_buf()))
}

fn folded(path: &Path, ignores_case: bool) -> Vec<String> {
    path.components()
        .map(|component| {
            let text = component.as_os_str().to_string_lossy();
            if ignores_case { text.to_lowercase() } else { text.into_owned() }
        })
        .collect()
}

fn same_path(a: &(u64, PathBuf), b: &(u64, PathBuf), ignores_case: bool) -> bool {
    a.0 == b.0 && folded(&a.1, ignores_case) == folded(&b.1, ignores_case)
}

fn lies_in(inner: &(u64, PathBuf), outer: &(u64, PathBuf), ignores_case: bool) -> bool {
    inner.0 == outer.0 && folded(&inner.1, ignores_case).starts_with(&folded(&outer.1, ignores_case))
}

fn against_source(
    source: &Source,
    root_key: Option<FolderKey>,
    root_true: Option<&(u64, PathBuf)>,
    place: &Place,
    tell: &mut dyn FnMut(ErrorCode, bool, String),
) {
    let ignores_case = place.ignores_case;
    let asked = place.asked.display();
    let card = source.root().display();
    let is_source = (place.is_whole && root_key.is_some() && place.key == root_key)
        || root_true.is_some_and(|root| same_path(&place.true_path, root, ignores_case));
    let in_source = place.existing.ancestors().any(|folder| root_key.is_some() && folder::key_at(folder).ok() == root_key)
        || root_true.is_some_and(|root| lies_in(&place.true_path, root, ignores_case));
    if is_source {
        tell(ErrorCode::DestinationUnsafe, true, format!("{asked} is the card itself"));
    } else if in_source {
        tell(ErrorCode::DestinationUnsafe, true, format!("{asked} lies on the card, in {card}"));
    } else if root_true.is_some_and(|root| lies_in(root, &place.true_path, ignores_case)) {
        tell(ErrorCode::DestinationUnsafe, true, format!("The card {card} lies in {asked}"));
    } else if place.volume.device_identity.is_some() && place.volume.device_identity == source.volume().device_identity {
        tell(
            ErrorCode::DestinationUnsafe,
            false,
            format!("{asked} lies on the same physical device as the card and does not count as a copy"),
        );
    }
}

fn fitness(listing: &Listing, place: &Place, tell: &mut dyn FnMut(ErrorCode, bool, String)) {
    let asked = place.asked.display();
    if place.volume.read_only {
        tell(ErrorCode::DestinationFailed, true, format!("{asked} is mounted read-only"));
    } else if !Folder::open_root(&place.existing).is_ok_and(|folder| folder.is_writable()) {
        tell(ErrorCode::DestinationFailed, true, format!("{asked} cannot be written by this user"));
    }
    // A drive that is not plugged in leaves its folder behind, and the copy would fill the system's disk.
    let looks_external = ["/media", "/run/media", "/mnt", "/Volumes"]
        .iter()
        .any(|root| place.existing.starts_with(root) || place.whole.starts_with(root));
    if looks_external && place.volume.role == crate::VolumeRole::System {
        tell(
            ErrorCode::DestinationUnsafe,
            false,
            format!("{asked} looks like a place for another drive but lies on the system's own disk: is the drive mounted?"),
        );
    }
    let paths = || listing.files.iter().map(|file| &file.path).chain(&listing.folders);
    let kept: Vec<&str> =
        listing.files.iter().filter(|file| partial::is_reserved(file.path.file_name())).map(|file| file.path.as_str()).collect();
    examples(&kept, &mut |names| {
        tell(
            ErrorCode::DestinationUnsafe,
            true,
            format!("The card holds names that Checkgate keeps for its own unfinished files: {names}"),
        );
    });
    let kind = place.volume.file_system.as_str();
    let is_fat = matches!(kind, "vfat" | "msdos" | "fat");
    if is_fat {
        let large: Vec<&str> =
            listing.files.iter().filter(|file| file.size_bytes > LARGEST_ON_FAT).map(|file| file.path.as_str()).collect();
        examples(&large, &mut |names| {
            tell(ErrorCode::DestinationUnsafe, true, format!("{asked} is FAT, which holds no file of 4 GiB or more: {names}"))
        });
    }
    if is_fat || matches!(kind, "exfat" | "ntfs" | "ntfs3" | "fuseblk" | "cifs" | "smb3" | "smbfs") {
        // A share may map such names or refuse them; only its server knows.
        let certain = !place.volume.network;
        let unfit: Vec<&str> = paths()
            .filter(|path| path.components().any(|name| !fits_windows_names(name)))
            .map(checkgate_model::RelPath::as_str)
            .collect();
        examples(&unfit, &mut |names| {
            tell(ErrorCode::DestinationUnsafe, certain, format!("{asked} ({kind}) cannot hold these names: {names}"))
        });
    }
    if place.ignores_case {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        let mut clash = Vec::new();
        for path in paths() {
            if let Some(other) = seen.insert(path.as_str().to_lowercase(), path.as_str()) {
                clash.push(format!("{other} and {path}"));
            }
        }
        let clash: Vec<&str> = clash.iter().map(String::as_str).collect();
        examples(&clash, &mut |names| {
            tell(
                ErrorCode::DestinationUnsafe,
                true,
                format!("{asked} ({kind}) does not tell capitals apart, the card does: {names}"),
            )
        });
    }
}

/// What FAT, exFAT and NTFS hold: no control or reserved characters, no blank or dot at the end, at most 255 UTF-16 units.
fn fits_windows_names(name: &str) -> bool {
    !name.chars().any(|c| c.is_control() || matches!(c, '"' | '*' | '/' | ':' | '<' | '>' | '?' | '\\' | '|'))
        && !name.ends_with([' ', '.'])
        && name.encode_utf16().count() <= 255
}

fn examples(names: &[&str], tell: &mut dyn FnMut(String)) {
    if names.is_empty() {
        return;
    }
    let mut shown = names.iter().take(MOST_EXAMPLES).copied().collect::<Vec<_>>().join(", ");
    if names.len() > MOST_EXAMPLES {
        shown.push_str(&format!(" and {} more", names.len() - MOST_EXAMPLES));
    }
    tell(shown);
}

/// Adds up what destinations on one volume need together.
fn space(listing: &Listing, places: &[Place], tell: &mut dyn FnMut(&Path, ErrorCode, String)) {
    let mut volumes: BTreeMap<&VolumeId, Vec<&Place>> = BTreeMap::new();
    for place in places {
        volumes.entry(&place.volume.id).or_default().push(place);
    }
    for together in volumes.values() {
        let Some(space) = Folder::open_root(&together[0].existing).ok().and_then(|folder| folder.space().ok()) else { continue };
        // A share that does not tell its space answers zero for everything.
        if space.total_bytes == 0 {
            continue;
        }
        let one = needed_bytes(listing, space.cluster_bytes);
        let needed = one.saturating_mul(together.len() as u64);
        if needed > space.free_bytes {
            for place in together {
                let shared =
                    if together.len() > 1 { format!(" for {} copies on one volume", together.len()) } else { String::new() };
                tell(
                    &place.asked,
                    ErrorCode::DestinationFull,
                    format!(
                        "{} has {} free, {} are needed{shared}",
                        place.asked.display(),
                        amount(space.free_bytes),
                        amount(needed)
                    ),
                );
            }
        }
    }
}

/// Files in whole clusters, a cluster per folder, and a margin for manifests and the file system's own tables.
fn needed_bytes(listing: &Listing, cluster_bytes: u64) -> u64 {
    let files = listing
        .files
        .iter()
        .fold(0u64, |sum, file| sum.saturating_add(file.size_bytes.div_ceil(cluster_bytes).saturating_mul(cluster_bytes)));
    let folders = (listing.folders.len() as u64).saturating_mul(cluster_bytes);
    let manifests = (listing.files.len() as u64).saturating_mul(1024).saturating_add(1 << 20);
    files.saturating_add(folders).saturating_add(manifests).saturating_add(files / 200)
}

fn amount(bytes: u64) -> String {
    let (unit, name) = [(1u64 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB")]
        .into_iter()
        .find(|(unit, _)| bytes >= *unit)
        .unwrap_or((1 << 10, "KiB"));
    format!("{:.1} {name}", bytes as f64 / unit as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_fat_and_exfat_refuse_are_known() {
        for bad in ["a:b", "what?.mov", "end.", "end ", "tab\tname", &"ü".repeat(256)] {
            assert!(!fits_windows_names(bad), "{bad:?}");
        }
        for good in ["A003C001_261123_R1JL.mov", " leading", ".hidden", &"ü".repeat(255)] {
            assert!(fits_windows_names(good), "{good:?}");
        }
    }

    #[test]
    fn a_fat_drive_is_told_what_it_cannot_hold() {
        use crate::listing::SourceFile;
        use checkgate_model::{RelPath, Timestamp};
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut place = look(folder.path()).expect("it exists");
        place.volume.file_system = "vfat".to_owned();
        place.ignores_case = place.volume.ignores_case();
        let file = |name: &str, size_bytes| SourceFile {
            path: RelPath::new(name).expect("legal"),
            size_bytes,
            modified: Timestamp::UNIX_EPOCH,
        };
        let listing = Listing {
            files: vec![
                file("Clip.mov", 1),
                file("big.mxf", 4 << 30),
                file("clip.MOV", 1),
                file("take 1: wide.wav", 1),
                file("just.mxf", LARGEST_ON_FAT),
            ],
            ..Listing::default()
        };
        let mut told = Vec::new();
        fitness(&listing, &place, &mut |_, blocking, message| told.push((blocking, message)));
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told.iter().all(|(blocking, _)| *blocking));
        assert!(
            told[0].1.ends_with(": big.mxf")
                && told[1].1.ends_with(": take 1: wide.wav")
                && told[2].1.contains("Clip.mov and clip.MOV"),
            "{told:?}"
        );
    }
}
