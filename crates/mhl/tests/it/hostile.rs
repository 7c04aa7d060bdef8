//! Whatever the bytes, the readers answer with a value.

use crate::support::{Appending as _, operation, record};
use checkgate_mhl::{Chain, History, HistoryFile, LegacyList, Manifest, Process};
use checkgate_model::HashFormat;
use proptest::prelude::*;

fn good() -> (Vec<u8>, Vec<u8>) {
    let files = [record("A/b &<>.mov", b"1", &HashFormat::ALL), record("c", b"", &HashFormat::ALL)];
    let new = History::empty().append_all("R", &operation(0, Process::Transfer), &files, &[], &[]).unwrap();
    (new.manifest_xml, new.chain_xml)
}

fn read_all(bytes: &[u8]) {
    if let Ok(manifest) = Manifest::parse(bytes) {
        let written = manifest.to_xml();
        let _ = manifest.expected();
        if let Ok(written) = written {
            assert!(Manifest::parse(&written).is_ok(), "what was written must read back");
        }
    }
    let _ = Chain::parse(bytes);
    let _ = LegacyList::parse(bytes);
    let _ = History::load(Some(bytes), &[HistoryFile { name: "0001_a.mhl".to_owned(), bytes: bytes.to_vec() }]);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        read_all(&bytes);
    }

    #[test]
    fn random_markup_never_panics(parts in proptest::collection::vec(prop_oneof![
        Just("<hashlist version=\"2.0\" xmlns=\"urn:ASC:MHL:v2.0\">"), Just("<hashlist version=\"1.1\">"), Just("<hashes>"), Just("<hash>"),
        Just("<path size=\"9\">"), Just("a/b"), Just(".."), Just("</path>"), Just("<xxh64 action=\"original\">"), Just("ef46db3751d8e999"),
        Just("</xxh64>"), Just("</hash>"), Just("</hashes>"), Just("</hashlist>"), Just("<![CDATA[x]]>"), Just("&amp;"), Just("&#x1F600;"), Just("&bad;"),
        Just("<!-- "), Just("-->"), Just("<?pi"), Just("?>"), Just("<directoryhash>"), Just("<content/>"), Just("</directoryhash>"), Just("<file>"),
        Just("</file>"), Just("\u{feff}"), Just("<x:y xmlns:x='u'/>"), Just("<md5/>"), Just("<processinfo>"), Just("<ignore><pattern>"),
    ], 0..40)) {
        read_all(parts.concat().as_bytes());
    }

    #[test]
    fn one_changed_byte_never_panics(at in 0usize..4000, byte in any::<u8>(), cut in any::<bool>()) {
        let (manifest, chain) = good();
        for mut bytes in [manifest, chain] {
            let at = at % bytes.len();
            if cut { bytes.truncate(at) } else { bytes[at] = byte }
            read_all(&bytes);
        }
    }
}

#[test]
fn depth_width_and_size_are_bounded() {
    read_all("<a>".repeat(200_000).as_bytes());
    let attributes: String = (0..100_000).map(|i| format!(" a{i}='x'")).collect();
    read_all(format!("<hashlist version=\"1.1\"{attributes}></hashlist>").as_bytes());
    let namespaces: String = (0..100_000).map(|i| format!(" xmlns:a{i}='x'")).collect();
    read_all(format!("<hashlist version=\"1.1\"{namespaces}></hashlist>").as_bytes());
    let deep = "<hashlist version=\"2.0\" xmlns=\"urn:ASC:MHL:v2.0\"><metadata>".to_owned() + &"<m>".repeat(100_000);
    assert!(Manifest::parse(deep.as_bytes()).is_err());
    let laughs = "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]><hashlist>&b;</hashlist>";
    assert!(LegacyList::parse(laughs.as_bytes()).is_err());
}
