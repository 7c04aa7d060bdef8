//! ALE and CSV, read and write.
