//! Owns what an I/O error means for a person on set: is the device gone, is it full, is one file bad? Errors are told apart by
//! number, never by text (invariant 12).

use checkgate_model::ErrorCode;
use std::io;

/// What an I/O error means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IoKind {
    /// The device or share went away.
    Gone,
    /// No space or no quota left.
    Full,
    /// The volume takes no writes.
    ReadOnly,
    /// The device answered with an error for these bytes.
    Unreadable,
    /// The system refused access.
    Denied,
    /// Anything else.
    Other,
}

/// Sorts an I/O error by its number.
#[must_use]
pub fn io_kind(error: &io::Error) -> IoKind {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => return IoKind::Full,
        io::ErrorKind::ReadOnlyFilesystem => return IoKind::ReadOnly,
        io::ErrorKind::PermissionDenied => return IoKind::Denied,
        io::ErrorKind::StaleNetworkFileHandle
        | io::ErrorKind::NotConnected
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::TimedOut => return IoKind::Gone,
        _ => {}
    }
    error.raw_os_error().map_or(IoKind::Other, raw_kind)
}

#[cfg(unix)]
fn raw_kind(number: i32) -> IoKind {
    use rustix::io::Errno;
    match Errno::from_raw_os_error(number) {
        Errno::NODEV | Errno::NXIO | Errno::HOSTDOWN | Errno::SHUTDOWN => IoKind::Gone,
        Errno::NOSPC | Errno::DQUOT => IoKind::Full,
        Errno::ROFS => IoKind::ReadOnly,
        Errno::IO => IoKind::Unreadable,
        #[cfg(target_os = "linux")]
        Errno::NOMEDIUM | Errno::REMOTEIO | Errno::UCLEAN | Errno::BADMSG => IoKind::Unreadable,
        Errno::ACCESS | Errno::PERM => IoKind::Denied,
        _ => IoKind::Other,
    }
}

/// Windows system error codes (winerror.h).
#[cfg(windows)]
fn raw_kind(number: i32) -> IoKind {
    match number {
        21 | 55 | 64 | 67 | 433 | 1167 => IoKind::Gone,
        39 | 112 => IoKind::Full,
        19 => IoKind::ReadOnly,
        23 | 30 | 1117 | 1392 => IoKind::Unreadable,
        5 => IoKind::Denied,
        _ => IoKind::Other,
    }
}

#[cfg(not(any(unix, windows)))]
fn raw_kind(_number: i32) -> IoKind {
    IoKind::Other
}

/// The same error once more, for another file that it concerns as well.
pub(crate) fn again(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| io::Error::new(error.kind(), error.to_string()), io::Error::from_raw_os_error)
}

/// The number every system call on a vanished device is turned into, once the device is known to be gone.
pub(crate) fn gone() -> io::Error {
    #[cfg(unix)]
    return io::Error::from_raw_os_error(rustix::io::Errno::NODEV.raw_os_error());
    #[cfg(not(unix))]
    return io::Error::from(io::ErrorKind::NotConnected);
}

/// Code of an error met while reading a source.
#[must_use]
pub fn read_code(error: &io::Error) -> ErrorCode {
    match io_kind(error) {
        IoKind::Gone => ErrorCode::SourceGone,
        _ => ErrorCode::SourceUnreadable,
    }
}

/// Code of an error met while writing to, or reading back from, a destination.
#[must_use]
pub fn write_code(error: &io::Error) -> ErrorCode {
    match io_kind(error) {
        IoKind::Full => ErrorCode::DestinationFull,
        _ => ErrorCode::DestinationFailed,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use rustix::io::Errno;

    #[test]
    fn a_pulled_card_a_full_drive_and_a_bad_block_are_told_apart() {
        let code = |errno: Errno| io::Error::from_raw_os_error(errno.raw_os_error());
        assert_eq!(read_code(&code(Errno::NODEV)), ErrorCode::SourceGone);
        assert_eq!(read_code(&code(Errno::IO)), ErrorCode::SourceUnreadable);
        assert_eq!(read_code(&gone()), ErrorCode::SourceGone);
        assert_eq!(write_code(&code(Errno::NOSPC)), ErrorCode::DestinationFull);
        assert_eq!(write_code(&code(Errno::DQUOT)), ErrorCode::DestinationFull);
        assert_eq!(write_code(&code(Errno::IO)), ErrorCode::DestinationFailed);
        assert_eq!(io_kind(&code(Errno::ROFS)), IoKind::ReadOnly);
        assert_eq!(io_kind(&code(Errno::STALE)), IoKind::Gone);
    }
}
