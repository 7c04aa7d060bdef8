//! What can be proven on which file system: tried on every one that this machine can mount, printed as a table, and, where
//! `CHECKGATE_WRITE_DOCS` is set, written to `docs/file-systems.md`.

use crate::support::{Stage, copy_of};
use checkgate_testkit::drive::{Drive, FileSystem};
use checkgate_testkit::faulty::FaultyMount;
use checkgate_testkit::torture::{Checkgate, MixedCard, MixedSize, media};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A mount of any kind, undone when dropped.
struct Place {
    path: PathBuf,
    _drive: Option<Drive>,
    _faulty: Option<FaultyMount>,
    unmount: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.unmount {
            let unmounted = Command::new("umount").arg(&self.path).stderr(Stdio::null()).status();
            if !unmounted.is_ok_and(|status| status.success()) {
                let _ = Command::new("umount").arg("-l").arg(&self.path).status();
            }
        }
    }
}

fn mounted(path: PathBuf, program: &str, arguments: &[&str]) -> Result<Place, String> {
    let output = Command::new(program).args(arguments).arg(&path).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(Place { path, _drive: None, _faulty: None, unmount: true })
}

fn drive(stage: &Stage, file_system: FileSystem) -> Result<Place, String> {
    let name = file_system.name();
    let made = Drive::create(file_system, &stage.path(&format!("{name}.img")), &stage.folder(name));
    let drive = made.map_err(|error| error.to_string())?;
    Ok(Place { path: drive.path().to_owned(), _drive: Some(drive), _faulty: None, unmount: false })
}

/// A share by ssh's file protocol, its server on the other end of a pipe: no daemon and no network.
fn sshfs(stage: &Stage) -> Result<Place, String> {
    let server = ["/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server"]
        .into_iter()
        .find(|path| Path::new(path).exists())
        .ok_or("sftp-server is not installed")?;
    let wrapper = stage.path("sftp.sh");
    std::fs::write(&wrapper, format!("#!/bin/sh\nexec {server}\n")).map_err(|error| error.to_string())?;
    std::fs::set_permissions(&wrapper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).map_err(|error| error.to_string())?;
    let served = stage.folder("sshfs-served");
    let option = format!("ssh_command={}", wrapper.display());
    mounted(stage.folder("sshfs"), "sshfs", &["-o", &option, &format!("localhost:{}", served.display())])
}

fn overlay(stage: &Stage) -> Result<Place, String> {
    let (lower, upper, work) = (stage.folder("lower"), stage.folder("upper"), stage.folder("work"));
    let option = format!("lowerdir={},upperdir={},workdir={}", lower.display(), upper.display(), work.display());
    mounted(stage.folder("overlay"), "mount", &["-t", "overlay", "overlay", "-o", &option])
}

/// Level it must reach, or that it may not be called more than.
struct Row {
    name: &'static str,
    level: &'static str,
    /// How it was mounted, for the table.
    how: &'static str,
}

struct Tried {
    method: String,
    resumed: String,
    refused: String,
}

fn interrupted(stage: &Stage, checkgate: &Checkgate, card: &MixedCard, place: &Path) -> String {
    let copy = place.join(&card.reel);
    let arguments = Checkgate::offload(&card.root, &[place.to_path_buf()], &[]);
    let mut child = checkgate.start(&arguments).expect("starts");
    // Killed as soon as a file has its name.
    while child.try_wait().expect("can be asked").is_none() && !media(&copy).keys().any(|name| !name.ends_with('/')) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let killed = child.try_wait().expect("can be asked").is_none();
    child.kill().expect("can be killed");
    child.wait().expect("ends");
    let judge = checkgate_testkit::torture::Judge { card, checkgate, reference: stage.reference.as_ref() };
    let half = judge.nothing_half(&copy);
    assert!(half.is_empty(), "{half:?}");
    let mut last = checkgate.run(&["resume", "--json"]).expect("starts");
    if last.errors.contains("nothing to resume") {
        last = checkgate.run(&arguments).expect("starts");
    }
    assert_eq!(last.code, 0, "{}: {}", place.display(), last.said());
    let mut wrong = judge.whole(&copy);
    wrong.extend(judge.sealed(&copy, true).expect("judges"));
    assert!(wrong.is_empty(), "{wrong:?}");
    if killed { "goes on".to_owned() } else { "ended before it was killed".to_owned() }
}

/// Names it cannot hold are refused before the first byte, and all of them are named.
fn names(checkgate: &Checkgate, stage: &Stage, file_system: &str, place: &Path) -> String {
    let odd =
        MixedCard::forge(&stage.folder(&format!("odd-{file_system}")), "A002R2AB", MixedSize::Tiny, true, 8).expect("forged");
    let destination = place.join("odd");
    std::fs::create_dir_all(&destination).expect("a folder can be made");
    let answer = checkgate.run(&Checkgate::offload(&odd.root, std::slice::from_ref(&destination), &[])).expect("starts");
    let copy = destination.join(&odd.reel);
    if answer.code == 0 {
        let judge = checkgate_testkit::torture::Judge { card: &odd, checkgate, reference: None };
        assert!(judge.whole(&copy).is_empty());
        return "none".to_owned();
    }
    assert!(media(&copy).keys().all(|name| name.ends_with('/')), "nothing was written: {:?}", media(&copy).keys());
    let said = format!("{}{}", answer.text, answer.errors);
    assert!(said.contains("colon:name?.mov"), "the name is named: {said}");
    format!("before the first byte, exit {}", answer.code)
}

#[test]
fn what_is_proven_on_which_file_system() {
    let Some(stage) = Stage::with_drives("file-systems") else { return };
    let card = MixedCard::forge(&stage.folder("cards"), "A001R1AB", MixedSize::Small, false, 6).expect("a card can be forged");
    let mut lines = Vec::new();
    let rows = [
        Row { name: "ext4", level: "read_back_device", how: "kernel, loop device with direct I/O" },
        Row { name: "xfs", level: "read_back_device", how: "kernel, loop device with direct I/O" },
        Row { name: "btrfs", level: "read_back_system", how: "kernel, loop device with direct I/O" },
        Row { name: "exfat", level: "read_back_system", how: "exfat-fuse where the kernel has no exFAT" },
        Row { name: "ntfs", level: "read_back_system", how: "ntfs-3g" },
        Row { name: "tmpfs", level: "read_back_system", how: "kernel" },
        Row { name: "overlay", level: "read_back_system", how: "kernel" },
        Row { name: "fuse", level: "read_back_system", how: "a file system of the tests, through FUSE" },
        Row { name: "sshfs", level: "read_back_system", how: "sshfs, server on this machine" },
    ];
    for row in rows {
        let place = match row.name {
            "tmpfs" => mounted(stage.folder("tmpfs"), "mount", &["-t", "tmpfs", "-o", "size=200m", "tmpfs"]),
            "overlay" => overlay(&stage),
            "fuse" => {
                let backing = stage.folder("fuse-backing");
                FaultyMount::new(&backing, &stage.folder("fuse")).map_err(|error| error.to_string()).map(|faulty| Place {
                    path: faulty.path().to_owned(),
                    _drive: None,
                    _faulty: Some(faulty),
                    unmount: false,
                })
            }
            "sshfs" => sshfs(&stage),
            name => drive(&stage, FileSystem::ALL.into_iter().find(|known| known.name() == name).expect("a drive")),
        };
        let place = match place {
            Ok(place) => place,
            Err(error) => {
                eprintln!("SKIPPED: {} cannot be mounted here: {error}", row.name);
                continue;
            }
        };
        let checkgate = Checkgate { program: stage.checkgate.program.clone(), home: stage.path(&format!("home-{}", row.name)) };
        let resumed = interrupted(&stage, &checkgate, &card, &place.path);
        let shown = checkgate.run(&["card", "--json", &card.reel]).expect("starts");
        let copy = copy_of(&shown, &place.path);
        let word = |key: &str| copy[key].as_str().unwrap_or("nothing").to_owned();
        assert_eq!(word("evidence"), row.level, "{}: {copy}", row.name);
        let refused = names(&checkgate, &stage, row.name, &place.path);
        let tried = Tried { method: word("method"), resumed, refused };
        lines.push(format!(
            "| {} | {} | {} | {} | {} | {} |",
            row.name,
            row.how,
            word("evidence_words"),
            tried.method,
            tried.resumed,
            tried.refused
        ));
    }
    assert!(!lines.is_empty());
    let table = format!(
        "| file system | mounted by | proven | how | after SIGKILL | names it cannot hold |\n| --- | --- | --- | --- | --- | --- |\n{}\n",
        lines.join("\n")
    );
    println!("{table}");
    if std::env::var_os("CHECKGATE_WRITE_DOCS").is_some() {
        let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/file-systems.md");
        std::fs::write(document, format!("{HEAD}{table}{FOOT}")).expect("the docs can be written");
    }
}

const HEAD: &str = "# What is proven on which file system

What `checkgate offload` reached as a destination on each file system that could be mounted on the machine that wrote this table: a card of
odd sizes is offloaded, killed in the middle, gone on with, compared byte for byte, and its one manifest is verified by the reference
implementation. \"Proven\" is the weakest level over all files of the copy, \"how\" the words that stand beside it. Written by

```
CHECKGATE_WRITE_DOCS=1 cargo nextest run -p checkgate-tests --test offload file_systems
```

which needs root; without the variable the same test only checks. A file system that the machine does not know is left out and said to
be `SKIPPED`.

";

const FOOT: &str = "
- ext4 and xfs are read back past the cache, from the loop device below and the image below that, both with direct I/O. A drive's own cache
  cannot be excluded by any program.
- btrfs keeps files of up to 4 KiB within its own tables, which are cached apart from the file; such a file is read back through the system,
  and the weakest file names the level. Its larger files are read from the device.
- exFAT and NTFS are served by programs here (exfat-fuse, ntfs-3g), which read through the system's cache whatever is asked. With the drivers
  of newer kernels direct I/O reaches the device; that was not tried on this machine, whose kernel has neither.
- sshfs stands for shares whose direct reads are not known to pass this machine's cache. NFS, SMB and 9p could not be tried: the kernel of
  this machine has none of them. They are written for and untested.
- A WebDAV share mounted by `rclone mount` refused the hard link and the rename that must not replace; a plain rename after a look is
  tried there now, which was not tried on such a share again.
- macOS and Windows file systems were not tried.
";

/// The words of a copy are those of its weakest file, so that level and method agree.
#[test]
fn the_method_shown_is_that_of_the_weakest_file() {
    let Some(stage) = Stage::with_drives("method") else { return };
    let place = match drive(&stage, FileSystem::Btrfs) {
        Ok(place) => place,
        Err(error) => {
            eprintln!("SKIPPED: btrfs cannot be mounted here: {error}");
            return;
        }
    };
    let card = MixedCard::forge(&stage.folder("cards"), "A001R1AB", MixedSize::Small, false, 6).expect("a card can be forged");
    let answer = stage.offload(&card.root, &[&place.path], &[]);
    let copy = copy_of(&answer, &place.path);
    assert_eq!(copy["evidence"], "read_back_system", "small files lie in the tables of btrfs: {copy}");
    assert!(copy["method"].as_str().is_some_and(|words| words.contains("through the system")), "{copy}");
}
