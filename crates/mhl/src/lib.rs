//! ASC MHL v2 histories and legacy MHL: read, write, chain, directory hashes, diff.
