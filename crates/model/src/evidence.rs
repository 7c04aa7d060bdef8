//! Owns how a copy was proven. A level is a word that a person can check, never a bare tick. That the top level is only given
//! after a read from the device is held by type in `volume` and `offload`; here it is a record.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How strongly a copy is proven, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceLevel {
    /// The sizes agree; no content was compared.
    SizeOnly,
    /// The bytes handed to the destination were hashed on the way; nothing was read again.
    HashInFlight,
    /// Read again through the operating system; the answer may come from its cache.
    ReadBackSystem,
    /// Read again past this machine's cache from a network share, whose server may have answered from its own cache.
    ReadBackShare,
    /// Read again from the device past the operating system's cache. A drive's own cache cannot be excluded.
    ReadBackDevice,
}

impl EvidenceLevel {
    /// The word shown wherever evidence is shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::SizeOnly => "size",
            Self::HashInFlight => "hash in flight",
            Self::ReadBackSystem => "read back (system)",
            Self::ReadBackShare => "read back (network share)",
            Self::ReadBackDevice => "read back (device)",
        }
    }
}

impl fmt::Display for EvidenceLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One proof: level, how it was got, when and by which tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The level.
    pub level: EvidenceLevel,
    /// How, in words a storage person can check, e.g. `synced, then O_DIRECT read`.
    pub method: String,
    /// When the proof was complete.
    pub at: jiff::Timestamp,
    /// Tool and version.
    pub tool: String,
}
