//! Inputs that were hard once, replayed: every file through everything that reads.

use crate::probe;
use std::fs;
use std::path::Path;

#[test]
fn every_stored_input_is_answered_with_a_value() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inputs");
    let mut replayed = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        for probe in [probe::manifest, probe::chain, probe::legacy, probe::schema, probe::round_trip] {
            probe(&bytes);
        }
        replayed += 1;
    }
    assert!(replayed >= 10, "{replayed} inputs in {}", folder.display());
}
