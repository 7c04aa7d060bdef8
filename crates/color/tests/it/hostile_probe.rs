//! What every reader of the crate is asked of any bytes, by the fuzz targets in `fuzz` and by `hostile.rs`: it answers with a value or an
//! error; a value survives being written and read again; a conversion can be built or is refused, and can be applied.

#![allow(unreachable_pub, reason = "the fuzz crate takes this module in")]

use checkgate_color::eval::EvalOptions;
use checkgate_color::{Aces, Cdl, ColorEngine, Engine, LookFile, Processor, Recipe, Target, UserConfig, amf, cdl};
use std::path::Path;

/// Readers by the name of their fuzz target.
pub const READERS: [&str; 6] = ["amf", "clf", "look", "cdl", "config", "archive"];
/// Kinds of look files, by extension.
pub const LOOKS: [&str; 12] = ["cube", "clf", "ctf", "cc", "ccc", "cdl", "spi1d", "spi3d", "3dl", "csp", "vf", "icc"];

const CUBE: &[u8] = b"LUT_3D_SIZE 2\n0 0 0\n1 0 0\n0 1 0\n1 1 0\n0 0 1\n1 0 1\n0 1 1\n1 1 1\n";

/// Reads the bytes as `reader` does. Panics where a promise is broken.
pub fn survive(reader: &str, bytes: &[u8]) {
    match reader {
        "amf" => survive_amf(bytes),
        "clf" => survive_look("clf", bytes),
        "look" => {
            if let [kind, rest @ ..] = bytes {
                survive_look(LOOKS[usize::from(*kind) % LOOKS.len()], rest);
            }
        }
        "cdl" => survive_cdl(bytes),
        "config" => survive_config(bytes),
        "archive" => survive_archive(bytes),
        other => panic!("{other} is no reader"),
    }
}

fn engine() -> &'static Engine {
    Engine::shared().expect("the embedded configuration is read")
}

fn apply(processor: &dyn Processor) {
    let mut pixels = [[0.18; 3], [0.0, 1.0, -1.0], [f32::NAN, f32::INFINITY, 65504.0]];
    processor.apply(&mut pixels);
}

fn survive_amf(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(read) = amf::read(text) else { return };
    if let Ok(written) = amf::write(&read) {
        let mut again = amf::read(&written).expect("what was written is read again");
        again.notes.clone_from(&read.notes);
        assert_eq!(again, read, "writing keeps everything");
    }
    if let Ok((processor, _)) = checkgate_color::amf_processor(engine(), text, &|_| Some(CUBE.to_vec())) {
        apply(processor.as_ref());
    }
}

fn survive_look(extension: &str, bytes: &[u8]) {
    let look = LookFile { name: format!("a.{extension}"), bytes: bytes.to_vec(), working_space: "ACES2065-1".to_owned() };
    let options = EvalOptions { looks: vec![look], ..EvalOptions::default() };
    let recipe = options.recipe().expect("a look alone is a conversion");
    if let Ok(processor) = engine().graded(&recipe, &options.looks) {
        apply(processor.as_ref());
    }
}

fn survive_cdl(bytes: &[u8]) {
    if let Ok(corrections) = cdl::read(bytes) {
        for written in [cdl::write_ccc(&corrections), cdl::write_cdl(&corrections)] {
            let again = cdl::read(written.as_bytes()).expect("what was written is read again");
            assert!(again.iter().map(|one| one.cdl).eq(corrections.iter().map(|one| one.cdl)), "writing keeps every number");
        }
        let _ = cdl::pick(&corrections, Some("a"));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (sop, sat) = text.split_once('\n').unwrap_or((text, ""));
    if let Ok(Some(read)) = cdl::from_columns(Some(sop), Some(sat)) {
        let (sop, sat) = cdl::to_columns(&read);
        assert_eq!(cdl::from_columns(Some(&sop), Some(&sat)), Ok(Some(read)), "columns keep every number");
    }
    let _ = Cdl::parse(text);
}

/// Most spaces and views of a configuration that are built.
const MOST_BUILT: usize = 8;

fn survive_engine(engine: &UserConfig) {
    let Ok(listing) = engine.list(Aces::V2_0) else { return };
    let Some(first) = listing.spaces.first() else { return };
    let build = |source: &str, target| {
        if let Ok(processor) = engine.processor(&Recipe { source: source.to_owned(), target, ..Recipe::to_space("", "") }) {
            apply(processor.as_ref());
        }
    };
    for space in listing.spaces.iter().take(MOST_BUILT) {
        build(&first.name, Target::ColorSpace(space.name.clone()));
        build(&space.name, Target::ColorSpace(first.name.clone()));
    }
    for display in listing.displays.iter().take(MOST_BUILT) {
        for view in display.views.iter().take(MOST_BUILT) {
            build(&first.name, Target::Display { display: display.name.clone(), view: view.clone() });
        }
    }
}

fn survive_config(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    // A folder that is not there: nothing of this machine is read.
    if let Ok(engine) = UserConfig::from_text("fuzz.ocio", &text, "/checkgate/nowhere") {
        survive_engine(&engine);
    }
}

fn survive_archive(bytes: &[u8]) {
    let folder = std::env::temp_dir().join(format!("checkgate-archive-{}-{:?}", std::process::id(), std::thread::current().id()));
    std::fs::create_dir_all(&folder).expect("a folder for archives");
    let path = folder.join("a.ocioz");
    let held = if bytes.starts_with(b"PK") { bytes.to_vec() } else { zip(&[("config.ocio", bytes), ("luts/a.cube", CUBE)]) };
    std::fs::write(&path, held).expect("the archive is written");
    read_archive(&path);
    let _ = std::fs::remove_dir_all(&folder);
}

fn read_archive(path: &Path) {
    if let Ok(engine) = UserConfig::from_archive(&path.to_string_lossy()) {
        survive_engine(&engine);
    }
}

/// An archive whose members are stored as they are.
pub fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut index) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let start = out.len() as u32;
        let mut head = Vec::new();
        head.extend([20_u16, 0, 0, 0, 0x21].map(u16::to_le_bytes).as_flattened());
        head.extend([crc32(bytes), bytes.len() as u32, bytes.len() as u32].map(u32::to_le_bytes).as_flattened());
        head.extend((name.len() as u16).to_le_bytes());
        head.extend(0_u16.to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&head);
        out.extend(name.as_bytes());
        out.extend(*bytes);
        index.extend(b"PK\x01\x02");
        index.extend(20_u16.to_le_bytes());
        index.extend(&head);
        index.extend([0_u16; 3].map(u16::to_le_bytes).as_flattened());
        index.extend([0_u32, start].map(u32::to_le_bytes).as_flattened());
        index.extend(name.as_bytes());
    }
    let start = out.len() as u32;
    out.extend(&index);
    out.extend(b"PK\x05\x06");
    out.extend([0_u16, 0, members.len() as u16, members.len() as u16].map(u16::to_le_bytes).as_flattened());
    out.extend([index.len() as u32, start].map(u32::to_le_bytes).as_flattened());
    out.extend(0_u16.to_le_bytes());
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    })
}
