//! Owns the making of evidence. A level above "hash in flight" can only be made from a [`ReadBackProof`], which only a completed read
//! through `checkgate-volume` gives (invariant 3).

use crate::TOOL;
use checkgate_model::{Evidence, EvidenceLevel, Timestamp};
use checkgate_volume::ReadBackProof;

/// Evidence of a copy that was read again and compared.
pub(crate) fn from_read_back(proof: &ReadBackProof) -> Evidence {
    Evidence { level: proof.level(), method: proof.words().to_string(), at: Timestamp::now(), tool: TOOL.to_owned() }
}

/// Evidence of a copy that nobody read again.
pub(crate) fn from_flight() -> Evidence {
    Evidence {
        level: EvidenceLevel::HashInFlight,
        method: "hashed while it was written, fsync, not read again".to_owned(),
        at: Timestamp::now(),
        tool: TOOL.to_owned(),
    }
}
