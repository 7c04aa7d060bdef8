//! Owns one child process: its own process group, bounded output, a deadline, killed and waited for on every way out. Must never
//! leave anything running, and never believe how much a child will write.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// Kept from the end of what a child says on stderr.
const SAID_BYTES: usize = 16 * 1024;

/// What a child may take, held by the kernel from before its first instruction (on Unix; elsewhere only time and output are held).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    /// Most private memory, in bytes (`RLIMIT_DATA`: what is reserved and never used does not count; macOS does not hold it).
    pub(crate) memory_bytes: u64,
    /// Whether it may write files; one that gives its answer on stdout need not.
    pub(crate) files: bool,
}

impl Allowance {
    #[cfg(unix)]
    #[expect(unsafe_code, reason = "limits of a child are set between fork and exec")]
    fn impose(self, command: &mut Command) {
        use rustix::process::{Resource, Rlimit, setrlimit};
        use std::os::unix::process::CommandExt;
        let limit = move || {
            let at_most = |bytes: u64| Rlimit { current: Some(bytes), maximum: Some(bytes) };
            setrlimit(Resource::Core, at_most(0))?;
            if !self.files {
                setrlimit(Resource::Fsize, at_most(0))?;
            }
            // A caller's own limit may be lower already.
            let _ = setrlimit(Resource::Data, at_most(self.memory_bytes));
            Ok(())
        };
        // SAFETY: between fork and exec the closure makes system calls alone: it takes no lock and allocates nothing.
        unsafe {
            command.pre_exec(limit);
        }
    }

    #[cfg(not(unix))]
    fn impose(self, _command: &mut Command) {}
}

/// A running child that dies with this value.
pub(crate) struct Running {
    child: Child,
}

impl Running {
    pub(crate) fn spawn(command: &mut Command, allowance: Allowance) -> io::Result<Self> {
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            // A wrapper script's own children end with it.
            command.process_group(0);
        }
        allowance.impose(command);
        Ok(Self { child: command.spawn()? })
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Kills the whole group and waits for it.
    pub(crate) fn kill(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            #[cfg(unix)]
            if let Some(group) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a child left behind.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) said: String,
}

/// Why a child did not finish by itself.
#[derive(Debug)]
pub(crate) enum ChildError {
    Start(io::Error),
    Read(io::Error),
    TooSlow(Duration),
    TooMuch(usize),
}

/// Reads everything, keeping the first part of what a program says: that is where the cause stands.
pub(crate) fn keep_some(mut from: impl Read) -> String {
    let mut kept = Vec::new();
    let mut chunk = [0_u8; 4096];
    while let Ok(count) = from.read(&mut chunk) {
        if count == 0 {
            break;
        }
        let room = SAID_BYTES - kept.len();
        kept.extend_from_slice(&chunk[..count.min(room)]);
    }
    String::from_utf8_lossy(&kept).trim().to_owned()
}

/// Runs `command` to its end without files to write, or kills it when it is slower than `deadline`, takes more memory than
/// `memory_bytes` or writes more than `stdout_bytes`.
pub(crate) fn run(
    command: &mut Command,
    deadline: Duration,
    memory_bytes: u64,
    stdout_bytes: usize,
) -> Result<Finished, ChildError> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running::spawn(command, Allowance { memory_bytes, files: false }).map_err(ChildError::Start)?;
    let stdout = running.child().stdout.take().expect("stdout was asked for");
    let stderr = running.child().stderr.take().expect("stderr was asked for");
    let (told, heard) = mpsc::sync_channel(1);
    let out = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let end = stdout.take(stdout_bytes as u64 + 1).read_to_end(&mut bytes);
        let _ = told.send(());
        end.map(|_| bytes)
    });
    let err = std::thread::spawn(move || keep_some(stderr));
    let waited = heard.recv_timeout(deadline);
    if matches!(waited, Err(RecvTimeoutError::Timeout)) {
        running.kill();
    }
    let bytes = match out.join() {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => return Err(ChildError::Read(error)),
        Err(_) => return Err(ChildError::Read(io::Error::other("the reader failed"))),
    };
    if waited.is_err() {
        return Err(ChildError::TooSlow(deadline));
    }
    if bytes.len() > stdout_bytes {
        return Err(ChildError::TooMuch(stdout_bytes));
    }
    // Stdout is closed; give the child a moment to leave by itself, so that its exit status is its own.
    let left = std::time::Instant::now();
    let status = loop {
        match running.child().try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if left.elapsed() < Duration::from_secs(5) => std::thread::park_timeout(Duration::from_millis(2)),
            Ok(None) => return Err(ChildError::TooSlow(deadline)),
            Err(error) => return Err(ChildError::Read(error)),
        }
    };
    drop(running);
    Ok(Finished { status, stdout: bytes, said: err.join().unwrap_or_default() })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn memory_and_files_are_held_from_the_first_instruction() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("written");
        let minute = Duration::from_secs(60);
        let writes = format!("echo x > {}", file.display());
        let hog = "x=$(head -c 100000000 /dev/zero | tr '\\0' a); echo ${#x}";
        let sh =
            |script: &str, memory_bytes: u64| run(Command::new("sh").args(["-c", script]), minute, memory_bytes, 1000).unwrap();
        for _ in 0..20 {
            assert!(!sh(&writes, 1 << 30).status.success());
        }
        assert_eq!(std::fs::metadata(&file).map_or(0, |file| file.len()), 0);
        assert!(!sh(hog, 32 << 20).status.success());
        assert!(sh(hog, 2 << 30).status.success());
    }
}
