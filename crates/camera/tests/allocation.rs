//! The allocation bound, measured (invariant 11): whatever a file's bytes are, reading everything there is to read of it holds no more
//! than a fixed amount and a small multiple of its size at once, and ends within a second. A binary of its own, since it counts every
//! allocation of the process.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stderr, reason = "tests")]
#![allow(unsafe_code, reason = "the system gives no other way to count allocations")]

#[path = "it/probe.rs"]
#[allow(dead_code, reason = "shared with the tests beside")]
mod probe;
#[path = "it/support.rs"]
#[allow(dead_code, reason = "shared with the tests beside")]
mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn more(bytes: usize) {
    PEAK.fetch_max(LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes, Ordering::Relaxed);
}

// SAFETY: every call is handed to the system's allocator unchanged; only its size is counted beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc`.
        let place = unsafe { System.alloc(layout) };
        if !place.is_null() {
            more(layout.size());
        }
        place
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(place, layout) };
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What reading one file may hold at once: this, and `TIMES` its size.
const FIXED: usize = 8 << 20;
const TIMES: usize = 4;
const LONGEST: Duration = Duration::from_secs(1);

/// Reads the bytes as `name` in every way; says the most that was held meanwhile and how long it took.
fn measure(name: &str, bytes: &[u8]) -> (usize, Duration) {
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let started = Instant::now();
    probe::read_all(name, bytes);
    (PEAK.load(Ordering::Relaxed) - before, started.elapsed())
}

#[derive(Default)]
struct Worst {
    files: usize,
    /// Held beyond the fixed part, in hundredths of the file's size.
    times: usize,
    held: (usize, String),
    took: (Duration, String),
}

impl Worst {
    fn hold(&mut self, name: &str, bytes: &[u8], what: &str) {
        let (held, took) = measure(name, bytes);
        let bound = FIXED + TIMES * bytes.len();
        assert!(held <= bound, "{what}: {held} bytes held for {} of {name}, {bound} are allowed", bytes.len());
        assert!(took <= LONGEST, "{what}: {took:?} for {} bytes of {name}", bytes.len());
        self.files += 1;
        self.times = self.times.max(held.saturating_sub(FIXED) * 100 / bytes.len().max(1));
        if held > self.held.0 {
            self.held = (held, format!("{what}, {} bytes", bytes.len()));
        }
        if took > self.took.0 {
            self.took = (took, format!("{what}, {} bytes", bytes.len()));
        }
    }
}

/// The same numbers in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }
}

/// Cuts, flips bytes, and puts all ones or zeros where lengths stand.
fn changed(dice: &mut Dice, bytes: &[u8]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    for _ in 0..1 + dice.roll(6) {
        // Lengths stand in front: half of the changes fall there.
        let reach = if dice.roll(2) == 0 { changed.len().min(512) } else { changed.len() };
        let at = dice.roll(reach);
        let width = [1, 2, 4, 8][dice.roll(4)];
        let value = [0xff, 0x00, 0x7f, 0x80, dice.roll(256) as u8][dice.roll(5)];
        for byte in changed.iter_mut().skip(at).take(width) {
            *byte = value;
        }
    }
    if dice.roll(4) == 0 {
        changed.truncate(dice.roll(bytes.len() + 1));
    }
    changed
}

/// Files of every kind that is built here, with names their kinds go by.
fn built() -> Vec<(&'static str, Vec<u8>)> {
    let tags = [("com.arri.camera.CameraModel", "ALEXA")];
    let film = support::Film { frames: 30, frame_bytes: 20, index_first: true, tags: &tags }.bytes();
    let mut found = vec![
        ("a.mov", film.clone()),
        ("A001_08151530_C001.braw", film.clone()),
        ("DCIM/100GOPRO/GX010001.MP4", film),
        ("XDROOT/Clip/C0001.MXF", support::mxf(true)),
        ("S001T01.WAV", support::wave(480, &support::ixml("1", "2", 3, (1, "F", "A")), 9)),
        ("P/plate.0001.dpx", support::dpx(16, 16)),
        ("P/plate.0001.exr", support::exr(16, 16)),
    ];
    let mut avi = b"RIFF\xff\xff\0\0AVI LIST\x40\0\0\0hdrlavih\x38\0\0\0".to_vec();
    avi.resize(400, 1);
    found.push(("a.avi", avi));
    let packet: Vec<u8> = [0x47, 0x40, 0, 0x10, 0, 0, 0xb0, 0x0d].into_iter().chain(std::iter::repeat_n(1, 180)).collect();
    found.push(("a.mts", packet.repeat(40)));
    let mut dv = vec![0x1f, 0x07, 0, 0xbf, 0x68, 0x78, 0x78, 0x78];
    dv.resize(24_000, 0x61);
    found.push(("a.dv", dv));
    let mut mkv = vec![0x1a, 0x45, 0xdf, 0xa3, 0x80, 0x18, 0x53, 0x80, 0x67, 0x41, 0x00, 0x16, 0x54, 0xae, 0x6b, 0xa0];
    mkv.resize(300, 0xae);
    found.push(("a.mkv", mkv));
    let mut jpeg = vec![0xff, 0xd8, 0xff, 0xe1, 0, 60];
    jpeg.extend(b"Exif\0\0II\x2a\0\x08\0\0\0\x02\0\x0f\x01\x02\0\xff\xff\xff\x7f\x1a\0\0\0");
    jpeg.resize(400, 0xff);
    found.push(("DCIM/100CANON/IMG_0001.JPG", jpeg));
    for (name, head, size) in [
        ("f.cine", &b"CI\x2c\0\0\0\0\0"[..], 8000),
        ("A106_C037_0118G5_001.R3D", &b"\0\0\x10\0RED2"[..], 12_000),
        ("P/A003C001_261123_R1JL.0000001.ari", &b"ARRI\x12\x34\x56\x78"[..], 5000),
        ("g.dng", &b"II\x2a\0\x08\0\0\0\x05\0\0\x01\x04\0\xff\xff\xff\x7f"[..], 600),
        ("g.cin", &b"\x80\x2a\x5f\xd7\0\0\x08\0"[..], 3000),
        ("M4ROOT/CLIP/C0001M01.XML", &b"<NonRealTimeMeta><LtcChangeTable tcFps=\"24\">"[..], 4000),
        ("dump.csv", &b"Index\tMaster TC\tCamera Clip Name\tMaster TC Time Base\n0\t01:00:00:00\tA001\t24\n"[..], 4000),
        ("DJI_0001.SRT", &b"1\n00:00:00,000 --> 00:00:00,020\n[iso: 220] [latitude: 3.4]\n"[..], 4000),
        ("A001R1JL_AVID.ale", &b"Heading\nFPS\t24\n\nColumn\nName\tStart\n\nData\nA\t01:00:00:00\n"[..], 4000),
        ("BDMV/PLAYLIST/00000.MPL", &b"MPLS0200\0\0\0\x0c\0\0\0\x32\0\0\xff\xff"[..], 4000),
    ] {
        let mut bytes = head.to_vec();
        bytes.resize(size, 0x20);
        found.push((name, bytes));
    }
    found
}

fn files_below(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

#[test]
fn no_file_makes_its_reader_hold_more_than_stated_or_take_longer_than_a_second() {
    // Profiles and tables of names are made once for the process and belong to no file.
    probe::read_all("warm.mov", b"\0\0\0\x08ftyp");
    let mut worst = Worst::default();
    let mut dice = Dice(0x1bad_5eed);
    for (name, bytes) in built() {
        worst.hold(name, &bytes, name);
        for _ in 0..400 {
            worst.hold(name, &changed(&mut dice, &bytes), name);
        }
    }
    let mut paths = Vec::new();
    match support::samples() {
        Some(root) => files_below(&root, &mut paths),
        None => eprintln!("SKIPPED: real files, for want of samples"),
    }
    paths.sort();
    for path in paths {
        let bytes = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        worst.hold(&name, &bytes, &name);
        // Damage to a few of the first kilobytes of each; the whole again and again would take minutes.
        let head = &bytes[..bytes.len().min(64 << 10)];
        for _ in 0..20 {
            worst.hold(&name, &changed(&mut dice, head), &name);
        }
    }
    eprintln!(
        "{} files: most held {} bytes ({}), {} hundredths of the size beyond {FIXED}; longest {:?} ({})",
        worst.files, worst.held.0, worst.held.1, worst.times, worst.took.0, worst.took.1
    );
}
