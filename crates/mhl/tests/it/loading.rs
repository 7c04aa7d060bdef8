use crate::support::{Appending as _, operation, path, record};
use checkgate_mhl::hash_bytes;
use checkgate_mhl::{
    Chain, History, HistoryError, HistoryFile, HistoryWarning, Manifest, NewGeneration, ParseManifestError, Process, Unchained,
};
use checkgate_model::HashFormat::{C4, Xxh64};

fn generations(count: u32) -> (Vec<u8>, Vec<HistoryFile>) {
    let mut files: Vec<HistoryFile> = Vec::new();
    let mut history = History::empty();
    let mut chain = Vec::new();
    for number in 0..count {
        let new: NewGeneration = history
            .append_all("R", &operation(i64::from(number) * 60, Process::Transfer), &[record("a", b"1", &[Xxh64])], &[], &[])
            .unwrap();
        files.push(HistoryFile { name: new.manifest_name, bytes: new.manifest_xml });
        chain = new.chain_xml;
        history = History::load(Some(&chain), &files).unwrap();
    }
    (chain, files)
}

/// A chain over `files` in the order given.
fn chained(files: &[(u32, &HistoryFile)]) -> Vec<u8> {
    let mut chain = Chain::default();
    for (sequence, file) in files {
        chain.entries.push(checkgate_mhl::ChainEntry {
            sequence: *sequence,
            name: file.name.clone(),
            c4: hash_bytes(C4, &file.bytes),
        });
    }
    chain.to_xml().unwrap()
}

fn single(manifest: &str) -> Result<History, HistoryError> {
    let file = HistoryFile { name: "0001_R.mhl".to_owned(), bytes: manifest.as_bytes().to_vec() };
    History::load(Some(&chained(&[(1, &file)])), &[file])
}

fn manifest(hashes: &str) -> String {
    format!(
        "<hashlist xmlns=\"urn:ASC:MHL:v2.0\" version=\"2.0\"><creatorinfo><creationdate>2026-01-01T00:00:00</creationdate>\
         <hostname>h</hostname><tool>t</tool></creatorinfo><processinfo><process>in-place</process></processinfo><hashes>{hashes}</hashes></hashlist>"
    )
}

#[test]
fn every_change_of_a_chained_manifest_is_31() {
    let (chain, files) = generations(2);
    let modified = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut files = files.clone();
        change(&mut files[0].bytes);
        let error = History::load(Some(&chain), &files).unwrap_err();
        assert_eq!(error, HistoryError::ManifestModified { name: files[0].name.clone() });
        assert_eq!(error.exit_code(), 31);
    };
    modified(&|bytes| bytes[400] ^= 1);
    modified(&|bytes| bytes.truncate(100));
    modified(&|bytes| bytes.push(b'\n'));
    modified(&|bytes| *bytes = String::from_utf8(bytes.clone()).unwrap().replace('\n', "\r\n").into_bytes());
    modified(&Vec::clear);
}

#[test]
fn what_is_gone_is_32_or_33() {
    let (chain, files) = generations(2);
    assert_eq!(History::load(None, &files).unwrap_err().exit_code(), 32);
    assert_eq!(History::load(None, &[]), Err(HistoryError::ChainMissing { manifests: Vec::new() }));
    let error = History::load(Some(&chain), &files[1..]).unwrap_err();
    assert_eq!(error, HistoryError::ManifestMissing { name: files[0].name.clone() });
    assert_eq!(error.exit_code(), 33);
}

#[test]
fn a_chain_that_cannot_be_read_is_an_error() {
    let (chain, files) = generations(1);
    for broken in
        [&b""[..], &chain[..chain.len() - 20], b"not xml", b"<a/>", b"<ascmhldirectory xmlns='urn:ASC:MHL:DIRECTORY:v2.0'/>"]
    {
        assert!(History::load(Some(broken), &files).is_err(), "{}", String::from_utf8_lossy(broken));
    }
}

#[test]
fn manifests_outside_the_chain_are_never_trusted() {
    let (_, files) = generations(3);
    // Rolled back to the first generation.
    let chain = chained(&[(1, &files[0])]);
    let names = files[1..].iter().map(|file| file.name.clone()).collect();
    assert_eq!(History::load(Some(&chain), &files), Err(HistoryError::Unchained { names }));
    let lenient = History::load_with(Some(&chain), &files, Unchained::Warn).unwrap();
    assert_eq!((lenient.latest_number(), lenient.warnings().len()), (1, 2));
    // Names that are no generations, notes and resource forks are passed over.
    let mut more = files[..1].to_vec();
    for name in ["README.txt", "._0002_x.mhl", "0001_x.mhl.unchained"] {
        more.push(HistoryFile { name: name.to_owned(), bytes: b"?".to_vec() });
    }
    assert!(History::load(Some(&chain), &more).unwrap().warnings().is_empty());
    more.push(HistoryFile { name: "001_x.mhl".to_owned(), bytes: Vec::new() });
    assert_eq!(History::load(Some(&chain), &more).unwrap().warnings(), [HistoryWarning::NotAGeneration("001_x.mhl".to_owned())]);
}

#[test]
fn sequence_numbers_run_from_one_without_gap() {
    let (_, files) = generations(3);
    let (one, two, three) = (&files[0], &files[1], &files[2]);
    for (entries, error) in [
        (vec![(2, one)], HistoryError::Sequence { expected: 1, found: 2 }),
        (vec![(1, one), (3, three)], HistoryError::Sequence { expected: 2, found: 3 }),
        (vec![(1, one), (1, two)], HistoryError::Sequence { expected: 2, found: 1 }),
        (vec![(1, one), (2, one)], HistoryError::ListedTwice(one.name.clone())),
        (vec![(1, one), (2, three)], HistoryError::Number { name: three.name.clone(), sequence: 2 }),
    ] {
        assert_eq!(History::load(Some(&chained(&entries)), &files), Err(error));
    }
}

#[test]
fn unsafe_and_double_paths_are_refused() {
    for bad in ["/etc/passwd", "../a", "a/../../b", "", "a//b", "./a"] {
        let error =
            single(&manifest(&format!("<hash><path>{bad}</path><xxh64 action=\"original\">ef46db3751d8e999</xxh64></hash>")))
                .unwrap_err();
        let HistoryError::Manifest { source, .. } = error else { panic!("{bad}: {error}") };
        assert!(matches!(*source, ParseManifestError::Path { .. }), "{bad}: {source}");
    }
    let twice = "<hash><path>a</path><xxh64>ef46db3751d8e999</xxh64></hash><directoryhash><path>a/</path><content/><structure/></directoryhash>";
    let HistoryError::Manifest { source, .. } = single(&manifest(twice)).unwrap_err() else { panic!("another error") };
    assert_eq!(*source, ParseManifestError::DuplicatePath(path("a")));
}

#[test]
fn foreign_manifests_are_read_with_warnings() {
    let text = manifest(
        "<hash><path size=\"x\"> a </path><sha256>00</sha256><xxh64 action=\"original\">EF46DB3751D8E999</xxh64><md5> d41d8cd98f00b204e9800998ecf8427e </md5></hash>\
         <hash><path>b</path><xxh64 action=\"odd\">ef46db3751d8e999</xxh64><metadata><x:y xmlns:x='z'><path>q</path></x:y></metadata></hash>\
         <!-- note --><?pi ?><hash><path>c</path></hash>",
    );
    let prefixed =
        text.replace("</", "</m:").replace('<', "<m:").replace("<m:/m:", "</m:").replace("<m:!", "<!").replace("<m:?", "<?");
    let prefixed = prefixed.replace("xmlns=", "xmlns:m=").replace("m:x:y", "x:y");
    for text in [text.clone(), format!("\u{feff}{text}"), prefixed] {
        let history = single(&text).unwrap_or_else(|error| panic!("{error}: {:?}\n{text}", std::error::Error::source(&error)));
        let expected = history.expected();
        assert_eq!(expected.keys().map(|path| path.as_str()).collect::<Vec<_>>(), [" a ", "b", "c"]);
        assert_eq!(expected[&path(" a ")].trusted.len(), 2);
        assert!(expected[&path("b")].trusted.is_empty(), "an unknown action is not trusted");
        assert_eq!(history.warnings().len(), 5, "{:#?}", history.warnings());
    }
}

#[test]
fn a_history_of_verified_hashes_only_is_a_reference_too() {
    let history = single(&manifest("<hash><path>a</path><xxh64 action=\"failed\">0000000000000000</xxh64><md5 action=\"verified\">d41d8cd98f00b204e9800998ecf8427e</md5></hash>")).unwrap();
    let new = history
        .append_all("R", &operation(0, Process::InPlace), &[record("a", b"", &[checkgate_model::HashFormat::Md5])], &[], &[])
        .unwrap();
    assert_eq!(new.outcomes[0].2, checkgate_mhl::Action::Verified);
    assert_eq!(new.number, 2);
}

#[test]
fn doctype_and_digests_that_are_none_are_refused() {
    let doctype = format!("<!DOCTYPE hashlist [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>{}", manifest(""));
    assert!(Manifest::parse(doctype.as_bytes()).is_err());
    for bad in [
        "<xxh64>ef46</xxh64>",
        "<c4>c4</c4>",
        "<md5/>",
        "<md5>d41d8cd98f00b204e9800998ecf8427e</md5><md5>d41d8cd98f00b204e9800998ecf8427e</md5>",
    ] {
        assert!(Manifest::parse(manifest(&format!("<hash><path>a</path>{bad}</hash>")).as_bytes()).is_err(), "{bad}");
    }
    assert!(matches!(Manifest::parse(b"<hashlist version=\"2.0\"/>"), Err(ParseManifestError::WrongRoot(_))));
}
