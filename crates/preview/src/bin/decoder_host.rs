//! Owns the process in which a decoder plug-in runs: loads one library, asks it one thing, writes the answer to stdout. Must never be
//! part of another program: whatever the plug-in does, only this process ends. The interface is `include/checkgate_decoder.h`.

use libloading::{Library, Symbol};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io::{self, Write};
use std::process::ExitCode;

const ABI: u32 = 1;
const OK: c_int = 0;
const NOT_MINE: c_int = 1;
const DAMAGED: c_int = 2;
const UNSUPPORTED: c_int = 3;
/// Longest words taken from a plug-in, in bytes.
const MOST_WORDS: usize = 512;

/// As in the header.
#[repr(C)]
struct Info {
    width: u32,
    height: u32,
    frames: u64,
    pixel_aspect: f64,
    linear: u32,
    color_kind: u32,
    color_space: [c_char; 128],
    format: [c_char; 128],
}

type Open = unsafe extern "C" fn(*const c_char, *mut *mut c_void) -> c_int;
type GetInfo = unsafe extern "C" fn(*mut c_void, *mut Info) -> c_int;
type GetFrame = unsafe extern "C" fn(*mut c_void, u64, *mut f32, usize) -> c_int;
type Close = unsafe extern "C" fn(*mut c_void);
type Words = unsafe extern "C" fn() -> *const c_char;

/// Exit codes that the caller knows.
enum End {
    NotMine,
    Damaged(String),
    Unsupported(String),
    TooLarge(String),
    Failed(String),
}

fn main() -> ExitCode {
    let mut answer = match answer_stream() {
        Ok(answer) => answer,
        Err(error) => return end(&End::Failed(error.to_string())),
    };
    confine();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        [library, "name"] => name(library, &mut answer),
        [library, "info", file] => frame(library, file, None, &mut answer),
        [library, "frame", file, index, pixels] => match (index.parse(), pixels.parse()) {
            (Ok(index), Ok(pixels)) => frame(library, file, Some((index, pixels)), &mut answer),
            _ => Err(End::Failed("frame and pixels are numbers".to_owned())),
        },
        _ => Err(End::Failed("usage: checkgate-decoder-host LIBRARY name | info FILE | frame FILE INDEX PIXELS".to_owned())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => end(&why),
    }
}

fn end(why: &End) -> ExitCode {
    let (code, words) = match why {
        End::NotMine => (10, ""),
        End::Damaged(words) => (11, words.as_str()),
        End::Unsupported(words) => (12, words.as_str()),
        End::TooLarge(words) => (13, words.as_str()),
        End::Failed(words) => (14, words.as_str()),
    };
    // Nobody is left to tell when stderr is closed.
    let _ = writeln!(io::stderr(), "{words}");
    ExitCode::from(code)
}

/// Where the answer goes: stdout as it was given, while what a plug-in prints goes to stderr.
#[cfg(unix)]
fn answer_stream() -> io::Result<Box<dyn Write>> {
    let answer = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    Ok(Box::new(std::fs::File::from(answer)))
}

#[cfg(not(unix))]
fn answer_stream() -> io::Result<Box<dyn Write>> {
    Ok(Box::new(io::stdout()))
}

/// No network, where the kernel lets a process leave it by itself; a system that forbids it keeps the other limits.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "leaving a namespace")]
fn confine() {
    use rustix::thread::{UnshareFlags, unshare_unsafe};
    // SAFETY: this process has one thread and no descriptor is unshared; only the user and network namespaces change.
    let _ = unsafe { unshare_unsafe(UnshareFlags::NEWUSER | UnshareFlags::NEWNET) };
}

#[cfg(not(target_os = "linux"))]
fn confine() {}

#[expect(unsafe_code, reason = "loading a library")]
fn load(path: &str) -> Result<Library, End> {
    // SAFETY: the library's initialisers run as a person installed them, in this process alone.
    unsafe { Library::new(path) }.map_err(|error| End::Failed(format!("it cannot be loaded: {error}")))
}

#[expect(unsafe_code, reason = "finding functions by their names in the header")]
fn function<'a, T>(library: &'a Library, name: &str) -> Result<Symbol<'a, T>, End> {
    // SAFETY: the type is the one the header gives this name.
    unsafe { library.get(name.as_bytes()) }.map_err(|_| End::Failed(format!("it has no function {name}")))
}

/// Text that a plug-in gives, cut to what is taken.
#[expect(unsafe_code, reason = "text of a plug-in")]
fn words(library: &Library, name: &str) -> Option<String> {
    let function: Symbol<'_, Words> = function(library, name).ok()?;
    // SAFETY: by the header the pointer is null or text ended by 0; where it is neither, this process ends and the caller says so.
    let text = unsafe {
        let text = function();
        if text.is_null() {
            return None;
        }
        CStr::from_ptr(text)
    };
    let bytes = text.to_bytes();
    Some(String::from_utf8_lossy(&bytes[..bytes.len().min(MOST_WORDS)]).into_owned())
}

fn checked(library: &Library) -> Result<(), End> {
    #[expect(unsafe_code, reason = "calling the plug-in")]
    let abi = {
        let function: Symbol<'_, unsafe extern "C" fn() -> u32> = function(library, "checkgate_decoder_abi")?;
        // SAFETY: takes nothing and gives a number.
        unsafe { function() }
    };
    if abi == ABI { Ok(()) } else { Err(End::Failed(format!("it speaks version {abi} of the interface, not {ABI}"))) }
}

fn name(path: &str, answer: &mut dyn Write) -> Result<(), End> {
    let library = load(path)?;
    checked(&library)?;
    let name = words(&library, "checkgate_decoder_name").unwrap_or_default();
    let line = serde_json::json!({ "name": name });
    writeln!(answer, "{line}").map_err(|error| End::Failed(error.to_string()))
}

fn outcome(code: c_int, library: &Library) -> Result<(), End> {
    if code == OK {
        return Ok(());
    }
    let said = words(library, "checkgate_decoder_error").filter(|said| !said.is_empty());
    let said = said.unwrap_or_else(|| format!("the plug-in gave {code} and no reason"));
    Err(match code {
        NOT_MINE => End::NotMine,
        DAMAGED => End::Damaged(said),
        UNSUPPORTED => End::Unsupported(said),
        _ => End::Failed(said),
    })
}

/// Text of a fixed field, up to its 0.
fn field(text: &[c_char]) -> String {
    let bytes: Vec<u8> = text.iter().take_while(|byte| **byte != 0).map(|byte| byte.to_ne_bytes()[0]).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Says what `file` is; with a frame and the most pixels it may have, also its values.
#[expect(unsafe_code, reason = "calling the plug-in")]
fn frame(path: &str, file: &str, wanted: Option<(u64, u64)>, answer: &mut dyn Write) -> Result<(), End> {
    let library = load(path)?;
    checked(&library)?;
    let open: Symbol<'_, Open> = function(&library, "checkgate_decoder_open")?;
    let get_info: Symbol<'_, GetInfo> = function(&library, "checkgate_decoder_info")?;
    let get_frame: Symbol<'_, GetFrame> = function(&library, "checkgate_decoder_frame")?;
    let close: Symbol<'_, Close> = function(&library, "checkgate_decoder_close")?;
    let file = CString::new(file).map_err(|_| End::Failed("the path holds a zero byte".to_owned()))?;
    let mut decoder: *mut c_void = std::ptr::null_mut();
    // SAFETY: both pointers live through the call.
    outcome(unsafe { open(file.as_ptr(), &raw mut decoder) }, &library)?;
    let mut info = Info {
        width: 0,
        height: 0,
        frames: 0,
        pixel_aspect: 1.0,
        linear: 0,
        color_kind: 0,
        color_space: [0; 128],
        format: [0; 128],
    };
    // SAFETY: `decoder` is what open gave, `info` lives through the call.
    outcome(unsafe { get_info(decoder, &raw mut info) }, &library)?;
    let name = words(&library, "checkgate_decoder_name").unwrap_or_default();
    let line = serde_json::json!({
        "name": name,
        "width": info.width,
        "height": info.height,
        "frames": info.frames,
        "pixel_aspect": if info.pixel_aspect.is_finite() { info.pixel_aspect } else { 1.0 },
        "linear": info.linear == 1,
        "color_kind": info.color_kind,
        "color_space": field(&info.color_space),
        "format": field(&info.format),
    });
    let failed = |error: io::Error| End::Failed(error.to_string());
    if let Some((index, most)) = wanted {
        let pixels = u64::from(info.width) * u64::from(info.height);
        if pixels == 0 || pixels > most {
            return Err(End::TooLarge(format!("a picture of {} by {} pixels is outside the limit", info.width, info.height)));
        }
        let floats = usize::try_from(3 * pixels).map_err(|error| End::Failed(error.to_string()))?;
        let mut rgb = vec![0.0_f32; floats];
        // SAFETY: `rgb` has room for the number of floats that is said.
        outcome(unsafe { get_frame(decoder, index, rgb.as_mut_ptr(), floats) }, &library)?;
        writeln!(answer, "{line}").map_err(failed)?;
        let mut bytes = Vec::with_capacity(64 * 1024);
        for part in rgb.chunks(16 * 1024) {
            bytes.clear();
            bytes.extend(part.iter().flat_map(|value| value.to_le_bytes()));
            answer.write_all(&bytes).map_err(failed)?;
        }
    } else {
        writeln!(answer, "{line}").map_err(failed)?;
    }
    answer.flush().map_err(failed)?;
    // SAFETY: `decoder` is what open gave and is not used again.
    unsafe { close(decoder) };
    Ok(())
}
