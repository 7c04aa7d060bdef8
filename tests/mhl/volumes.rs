//! Owns real file systems: read-only ones, full ones, those of cameras and Windows, and files one may not read.

use crate::manifest::{chain_path, generation, manifests};
use crate::support::{
    Answer, CARD, CLIP, OTHER_CLIP, Stage, assert_valid, can_run, command, copy, create, finish, mhl, program, put, reference,
    run, tool,
};
use crate::trees::grow;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An image file of a file system, mounted on a folder until dropped.
struct Image {
    file: PathBuf,
    folder: PathBuf,
    mounted: bool,
    /// Drivers outside the kernel want a block device.
    device: Option<String>,
}

fn try_run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output =
        Command::new(program).args(arguments).stdin(Stdio::null()).output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim())) }
}

/// What makes a file system, and what mounts it where the kernel does not know it.
fn makers(kind: &str) -> (&'static str, &'static [&'static str], Option<&'static str>) {
    match kind {
        "ext4" => ("mkfs.ext4", &["-q", "-F", "-m", "0"], None),
        "exfat" => ("mkfs.exfat", &[], Some("mount.exfat-fuse")),
        "ntfs" => ("mkfs.ntfs", &["-q", "-F", "-f"], Some("ntfs-3g")),
        _ => panic!("{kind}"),
    }
}

impl Image {
    /// Makes and mounts it, or says why not.
    fn new(stage: &Stage, kind: &str, size_mib: u64) -> Option<Self> {
        let file = stage.path(&format!("{kind}.img"));
        let folder = stage.path(&format!("mounted {kind}"));
        fs::create_dir(&folder).unwrap();
        fs::File::create(&file).unwrap().set_len(size_mib << 20).unwrap();
        let (maker, options, _) = makers(kind);
        let mut image = Self { file, folder, mounted: false, device: None };
        let made = try_run(maker, &[options, &[image.file.to_str().unwrap()]].concat());
        match made.and_then(|()| image.mount(kind, false)) {
            Ok(()) => Some(image),
            Err(error) => {
                eprintln!("SKIPPED: {kind} cannot be mounted here: {error}");
                None
            }
        }
    }

    fn mount(&mut self, kind: &str, read_only: bool) -> Result<(), String> {
        let (file, folder) = (self.file.to_str().unwrap(), self.folder.to_str().unwrap());
        let access = if read_only { "ro" } else { "rw" };
        let by_kernel = try_run("mount", &["-t", kind, "-o", &format!("loop,{access}"), file, folder]);
        let done = match makers(kind).2 {
            Some(fuse) if by_kernel.is_err() => {
                let options: &[&str] = if read_only { &["--read-only"] } else { &[] };
                let output = Command::new("losetup").args(options).args(["--find", "--show", file]).output();
                let output = output.map_err(|error| error.to_string())?;
                let device = String::from_utf8_lossy(&output.stdout).trim().to_owned();
                let done = try_run(fuse, &["-o", access, &device, folder]);
                self.device = Some(device);
                done
            }
            _ => by_kernel,
        };
        self.mounted = done.is_ok();
        if !self.mounted {
            self.detach();
        }
        done
    }

    fn detach(&mut self) {
        if let Some(device) = self.device.take() {
            let _ = try_run("losetup", &["--detach", &device]);
        }
    }

    fn unmount(&mut self) {
        if std::mem::take(&mut self.mounted) {
            try_run("umount", &[self.folder.to_str().unwrap()]).unwrap();
        }
        self.detach();
    }

    fn sum(&self) -> String {
        tool("sha256sum", &[self.file.as_os_str()]).split_whitespace().next().unwrap().to_owned()
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        if self.mounted {
            let _ = try_run("umount", &["-l", self.folder.to_str().unwrap()]);
        }
        self.detach();
    }
}

/// Content of a tree that exFAT and NTFS can hold.
fn card(root: &Path) {
    for (path, content) in CARD {
        put(root, path, content);
    }
    put(root, "zero", "");
    put(root, "Köln 日本 😀.txt", "x");
    put(root, "big.mov", vec![3; (2 << 20) + 5]);
}

fn read_only(kind: &str) {
    let stage = Stage::new();
    let Some(mut image) = Image::new(&stage, kind, 32) else { return };
    let root = image.folder.join("A002R2EC");
    card(&root);
    create(&root, "-h xxh64");
    image.unmount();
    if let Err(error) = image.mount(kind, true) {
        eprintln!("SKIPPED: {kind} cannot be mounted read-only here: {error}");
        return;
    }
    let before = image.sum();
    mhl("verify", &root, "").expect(0);
    mhl("verify", &root, "-dh").expect(0);
    mhl("verify", &root, "--all-formats --depth device").expect(0);
    mhl("diff", &root, "").expect(0);
    mhl("info", &root, "-v").expect(0);
    let home = stage.path("home");
    let mut whole = command(&["verify", image.folder.to_str().unwrap()]);
    whole.env("CHECKGATE_HOME", &home);
    finish(whole).expect(0);
    // Neither a new generation nor a first one can be written; that is said, and how to go on.
    for folder in [&root, &root.join("Clips")] {
        let answer = mhl("create", folder, "-h xxh64").expect(3);
        assert!(answer.errors.to_lowercase().contains("read-only"), "not said: {}", answer.errors);
    }
    let elsewhere = stage.tree("elsewhere", &[]);
    let written = mhl("create", &root, &format!("-h xxh64 --manifest-to {}", elsewhere.display())).expect(0);
    assert!(fs::read_dir(&elsewhere).unwrap().count() > 0, "{}", written.all());
    mhl("flatten", &root, stage.path("lists").to_str().unwrap()).expect(0);
    image.unmount();
    assert_eq!(image.sum(), before, "the image was changed");
    // Damage on the medium is found as well.
    image.mount(kind, false).unwrap();
    put(&root, CLIP, "abce\n");
    image.unmount();
    image.mount(kind, true).unwrap();
    mhl("verify", &root, "").expect(11).says(CLIP);
    mhl("create", &root, "-h xxh64").says("read-only");
}

// P6
#[test]
fn a_read_only_ext4_volume_is_verified_and_left_as_it_is() {
    read_only("ext4");
}

// P6
#[test]
fn a_read_only_exfat_volume_is_verified_and_left_as_it_is() {
    read_only("exfat");
}

// P10
#[test]
fn a_copy_on_exfat_or_ntfs_is_verified_and_continued() {
    let stage = Stage::new();
    let original = stage.tree("original/A002R2EC", &[]);
    fs::create_dir_all(&original).unwrap();
    card(&original);
    put(&original, "Empty/", "");
    create(&original, "-h xxh64,md5");
    for kind in ["exfat", "ntfs"] {
        let Some(image) = Image::new(&stage, kind, 32) else { continue };
        let root = image.folder.join("A002R2EC");
        // No owners and modes there.
        tool("cp", &["-r".as_ref(), "--preserve=timestamps".as_ref(), original.as_os_str(), root.as_os_str()]);
        mhl("verify", &root, "").expect(0);
        mhl("verify", &root, "-dh").expect(0);
        create(&root, "-h xxh64");
        assert_eq!(generation(&root, 2).actions(), ["verified"].into());
        assert_valid(&root);
        if let Some(mut reference) = reference() {
            reference.expect(0, "verify", &root, "");
        }
        fs::rename(root.join("Sidecar.txt"), root.join("between")).unwrap();
        fs::rename(root.join("between"), root.join("SIDECAR.TXT")).unwrap();
        mhl("diff", &root, "").expect(10);
        fs::remove_file(root.join("SIDECAR.TXT")).unwrap();
        mhl("verify", &root, "").expect(10).says("Sidecar.txt");
    }
}

#[test]
fn a_full_volume_leaves_the_history_as_it_was() {
    let stage = Stage::new();
    let Some(image) = Image::new(&stage, "ext4", 8) else { return };
    let root = image.folder.join("card");
    for number in 0..600 {
        put(&root, &format!("clip{number}"), "");
    }
    create(&root, "-h xxh64");
    let filler = image.folder.join("filler");
    let _ =
        Command::new("dd").args(["if=/dev/zero", "bs=4k"]).arg(format!("of={}", filler.display())).stderr(Stdio::null()).status();
    let answer = mhl("create", &root, "-h xxh64").expect(3);
    assert!(answer.errors.to_lowercase().contains("space"), "{}", answer.errors);
    mhl("verify", &root, "").expect(0);
    fs::remove_file(filler).unwrap();
    create(&root, "-h xxh64");
    assert_valid(&root);
    assert_eq!(manifests(&root).len(), 2);
}

/// `checkgate` as nobody, or `None` with a word where one cannot be.
fn as_nobody(arguments: &[&str]) -> Option<Answer> {
    let probe = Command::new("setpriv").args(["--reuid=65534", "--clear-groups", "true"]).stderr(Stdio::null()).status();
    if !probe.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: nobody cannot be impersonated here (setpriv, root)");
        return None;
    }
    let program = program();
    let reach = Command::new("setpriv")
        .args(["--reuid=65534", "--clear-groups"])
        .arg(&program)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    if !reach.status.success() {
        eprintln!("SKIPPED: nobody cannot run {}", program.display());
        return None;
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--clear-groups"]).arg(program).args(arguments);
    Some(finish(command))
}

fn allow(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn give_to_nobody(root: &Path) {
    tool("chown", &["-R".as_ref(), "65534".as_ref(), root.as_os_str()]);
}

// P5
#[test]
fn an_unreadable_file_or_folder_is_reported_and_the_rest_is_hashed() {
    let stage = Stage::new();
    allow(&stage.path(""), 0o755);
    let root = stage.tree("card", CARD);
    put(&root, "closed/inside.mov", "x");
    give_to_nobody_if_root(&root);
    let text = root.to_str().unwrap().to_owned();
    let Some(first) = as_nobody(&["mhl", "create", &text, "-h", "xxh64"]) else { return };
    first.expect(0);
    allow(&root.join(CLIP), 0);
    for arguments in [&["mhl", "verify", text.as_str()][..], &["mhl", "create", &text, "-h", "xxh64"]] {
        as_nobody(arguments).unwrap().orderly().expect(3).says(CLIP);
    }
    let second = generation(&root, 2);
    assert_eq!(second.action(OTHER_CLIP, "xxh64"), "verified");
    assert!(!second.names().contains(CLIP));
    assert_valid(&root);
    // Names can still be compared, and damage elsewhere comes first.
    as_nobody(&["mhl", "diff", &text]).unwrap().expect(0);
    put(&root, OTHER_CLIP, "altered");
    as_nobody(&["mhl", "verify", &text]).unwrap().expect(11).says(CLIP).says(OTHER_CLIP);
    put(&root, OTHER_CLIP, "def\n");
    allow(&root.join(CLIP), 0o644);
    as_nobody(&["mhl", "verify", &text]).unwrap().expect(0);
    // A folder: what is below it is neither fine nor gone, it cannot be seen.
    allow(&root.join("closed"), 0);
    for command in ["verify", "create", "diff"] {
        let answer = as_nobody(&["mhl", command, &text]).unwrap().orderly().says("closed");
        assert!([3, 10].contains(&answer.code), "{command}: {} {}", answer.code, answer.all());
    }
    allow(&root.join("closed"), 0o755);
    as_nobody(&["mhl", "verify", &text]).unwrap().expect(0);
}

fn give_to_nobody_if_root(root: &Path) {
    if tool("id", &["-u".as_ref()]).trim() == "0" {
        give_to_nobody(root);
    }
}

#[test]
fn a_folder_one_may_not_write_to_gives_a_clean_refusal() {
    let stage = Stage::new();
    allow(&stage.path(""), 0o755);
    let root = stage.tree("card", CARD);
    let text = root.to_str().unwrap().to_owned();
    // It belongs to somebody else.
    let Some(answer) = as_nobody(&["mhl", "create", &text, "-h", "xxh64"]) else { return };
    answer.orderly().expect(3).says("card");
    assert!(!root.join("ascmhl").exists());
    create(&root, "-h xxh64");
    as_nobody(&["mhl", "create", &text, "-h", "xxh64"]).unwrap().orderly().expect(3);
    as_nobody(&["mhl", "verify", &text]).unwrap().expect(0);
    assert_eq!(manifests(&root).len(), 1);
    // An unreadable chain is a failure to read, not a judgement about it.
    allow(&chain_path(&root), 0);
    let answer = as_nobody(&["mhl", "verify", &text]).unwrap().orderly();
    assert!([3, 32].contains(&answer.code), "{}", answer.all());
}

/// The file system of the machine's own disk, with a tree no camera writes.
#[test]
fn a_random_tree_on_ext4_is_verified_from_the_device() {
    let stage = Stage::new();
    let Some(image) = Image::new(&stage, "ext4", 64) else { return };
    let root = image.folder.join("card");
    grow(&root, 301);
    create(&root, "-h xxh64 --depth device");
    mhl("verify", &root, "--depth device").expect(0);
    if can_run("cp", "--version") {
        let second = copy(&root, &stage.path("second"));
        mhl("verify", &second, "").expect(0);
    }
    run(&["mhl", "info", root.to_str().unwrap()]).expect(0);
}
