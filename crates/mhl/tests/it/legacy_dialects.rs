//! Lists as tools of every kind write them, forged here.

use crate::support::path;
use checkgate_mhl::{LegacyCheck, LegacyHash, LegacyHasher, LegacyList, ParseLegacyError};
use checkgate_model::{HashFormat, HashValue};

fn list(declaration: &str, name: &str) -> String {
    format!(
        "{declaration}\n<hashlist version=\"1.0\">\n\n  <creatorinfo>\n    <username>{name}</username>\n    <hostname>h</hostname>\n\
         <tool>t</tool>\n    <startdate>2012-12-15 18-02-23</startdate>\n    <finishdate>2012-12-15T18:02:24</finishdate>\n  \
         </creatorinfo>\n\n  <hash>\n    <file>{name}/{name}.mov</file>\n    <size>3</size>\n    \
         <lastmodificationdate>2012-12-14 16-12-52</lastmodificationdate>\n    \
         <md5 bit=\"128\" encoding=\"hex\">900150983CD24FB0D6963F7D28E17F72</md5>\n    <hashdate>2012-12-15 18-02-23</hashdate>\n  \
         </hash>\n\n</hashlist>\n"
    )
}

fn declaration(label: &str, quote: char) -> String {
    format!("<?xml version={quote}1.0{quote} encoding={quote}{label}{quote}?>")
}

/// Whatever the bytes, it is this list.
fn assert_is(bytes: &[u8], name: &str, what: &str) {
    let list = LegacyList::parse(bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!((list.version.as_str(), list.user_name.as_deref()), ("1.0", Some(name)), "{what}");
    assert_eq!(list.started.map(|at| at.to_string()).as_deref(), Some("2012-12-15T18:02:23Z"), "{what}");
    assert_eq!(list.finished.map(|at| at.to_string()).as_deref(), Some("2012-12-15T18:02:24Z"), "{what}");
    assert!(list.refused.is_empty() && list.warnings.is_empty(), "{what}: {list:?}");
    let [entry] = list.entries.as_slice() else { panic!("{what}: {list:?}") };
    assert_eq!(entry.path, path(&format!("{name}/{name}.mov")), "{what}");
    assert_eq!(entry.hashed_at, list.started, "{what}");
    assert_eq!(entry.modified.map(|at| at.to_string()).as_deref(), Some("2012-12-14T16:12:52Z"), "{what}");
    let mut hasher = LegacyHasher::new(entry);
    hasher.update(b"abc");
    assert_eq!(hasher.finish(), LegacyCheck::Verified, "{what}");
}

/// One line end for all.
fn with_ends(text: &str) -> [String; 3] {
    ["\n", "\r\n", "\r"].map(|end| text.replace('\n', end))
}

#[test]
fn eight_bit_and_multi_byte_encodings_are_read_by_their_declaration() {
    let mut read = 0;
    for (label, name) in [
        ("UTF-8", "Köln_日本_한국_😀"),
        ("utf-8", "Köln"),
        ("US-ASCII", "plain"),
        ("ISO-8859-1", "Kölner Straße"),
        ("ISO-8859-2", "Łódź"),
        ("ISO-8859-5", "Москва"),
        ("ISO-8859-6", "فيلم"),
        ("ISO-8859-7", "ταινία"),
        ("ISO-8859-9", "İstanbul ğ"),
        ("ISO-8859-15", "10€ Œuvre"),
        ("windows-1251", "Съёмка"),
        ("windows-1252", "Œuvre “q”"),
        ("KOI8-R", "плёнка"),
        ("EUC-JP", "日本人_俳句"),
        ("Shift_JIS", "日本人_俳句"),
        ("EUC-KR", "한국어의파일"),
        ("Big5", "電影"),
        ("GB18030", "电影😀"),
    ] {
        let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
        for quote in ['"', '\''] {
            for text in with_ends(&list(&declaration(label, quote), name)) {
                let (bytes, _, lost) = encoding.encode(&text);
                assert!(!lost, "{label} cannot write {name}");
                assert_is(&bytes, name, &format!("{label} {quote}"));
                read += 1;
            }
        }
    }
    assert_eq!(read, 18 * 2 * 3);
}

#[test]
fn wide_encodings_are_read_with_and_without_mark_whatever_they_declare() {
    let name = "Köln_日本_한국_😀";
    for declared in [Some("UTF-16"), Some("UTF-32"), Some("UTF-8"), Some("ISO-8859-1"), None] {
        let head = declared.map_or_else(|| "<?xml version='1.0'?>".to_owned(), |label| declaration(label, '\''));
        for text in with_ends(&list(&head, name)) {
            for mark in ["", "\u{feff}"] {
                let text = format!("{mark}{text}");
                let what = format!("{declared:?} {mark:?}");
                let units = || text.encode_utf16();
                let letters = || text.chars().map(u32::from);
                assert_is(&units().flat_map(u16::to_le_bytes).collect::<Vec<_>>(), name, &format!("16 LE {what}"));
                assert_is(&units().flat_map(u16::to_be_bytes).collect::<Vec<_>>(), name, &format!("16 BE {what}"));
                assert_is(&letters().flat_map(u32::to_le_bytes).collect::<Vec<_>>(), name, &format!("32 LE {what}"));
                assert_is(&letters().flat_map(u32::to_be_bytes).collect::<Vec<_>>(), name, &format!("32 BE {what}"));
                if declared.is_none_or(|label| label.starts_with("UTF")) || !mark.is_empty() {
                    let sixteen = matches!(declared, Some("UTF-32"));
                    if !sixteen || !mark.is_empty() {
                        assert_is(text.as_bytes(), name, &format!("8 {what}"));
                    }
                }
            }
        }
    }
}

#[test]
fn bytes_that_are_not_what_they_declare_are_an_error_and_never_a_replacement() {
    for (bytes, what) in [
        ([list(&declaration("UTF-8", '"'), "K").as_bytes(), b"<!-- \xe9 -->"].concat(), "Latin-1 in UTF-8"),
        ([list(&declaration("EUC-KR", '"'), "K").as_bytes(), b"<!-- \xff\xff -->"].concat(), "no EUC-KR"),
        (list(&declaration("no-such", '"'), "K").into_bytes(), "unknown label"),
        (list(&declaration("ISO-2022-KR", '"'), "K").into_bytes(), "a label browsers refuse"),
        ([b"\xff\xfe".as_slice(), b"<\0a\0/\0>"].concat(), "odd UTF-16"),
        ([b"\xff\xfe".as_slice(), b"<\0\0\xd8a\0"].concat(), "lone surrogate"),
    ] {
        assert!(LegacyList::parse(&bytes).is_err(), "{what}");
    }
}

#[test]
fn fields_in_any_order_with_strangers_between_are_one_entry() {
    let text = "<?xml version='1.0' encoding='UTF-8'?><!-- c --><hashlist version='1.1' a='b' xmlns:v='urn:v'>\
        <hash referencehhashlist='true' x='y'><hashdate>2020-01-01T00:00:00+01:00</hashdate><xxhash64be>44bc2cf5ad770999</xxhash64be>\
        <v:note><v:deep/>words</v:note><md5>900150983cd24fb0d6963f7d28e17f72</md5><sha256>ba78</sha256><xxhash>852579327</xxhash>\
        <xxhash64>990977ADF52CBC44</xxhash64><lastmodificationdate>never</lastmodificationdate><size> 3 </size>\
        <creationdate>2019-12-31T23:00:00Z</creationdate><?pi x?><file>A&amp;B/c.mhl</file></hash><extra>1</extra>\
        <Signature xmlns='http://www.w3.org/2000/09/xmldsig#'><SignedInfo/></Signature>\
        <creatorinfo><tool> t </tool><custom/><username>u</username></creatorinfo></hashlist>";
    let list = LegacyList::parse(text.as_bytes()).unwrap();
    let entry = &list.entries[0];
    assert_eq!((&entry.path, entry.size_bytes, entry.is_list), (&path("A&B/c.mhl"), Some(3), true));
    assert_eq!(entry.hashed_at, entry.created);
    assert_eq!((entry.modified, entry.hashes.len()), (None, 4));
    assert_eq!(entry.unverifiable, ["note", "sha256"]);
    assert_eq!((list.tool.as_deref(), list.user_name.as_deref()), (Some("t"), Some("u")));
    assert_eq!(list.warnings, ["the list is signed; the signature was not checked"]);
    let mut hasher = LegacyHasher::new(entry);
    hasher.update(b"abc");
    assert_eq!(hasher.finish(), LegacyCheck::Verified);
}

#[test]
fn either_byte_order_of_the_old_element_is_the_same_evidence_and_no_third_is() {
    for (text, holds) in [("990977adf52cbc44", true), ("44bc2cf5ad770999", true), ("2cbc4499ad770999", false)] {
        let text =
            format!("<hashlist version='1.1'><hash><file>a</file><size>3</size><xxhash64>{text}</xxhash64></hash></hashlist>");
        let list = LegacyList::parse(text.as_bytes()).unwrap();
        let value = HashValue::parse(HashFormat::Xxh64, "44bc2cf5ad770999").unwrap();
        let LegacyHash::Xxh64EitherWay { turned, straight } = &list.entries[0].hashes[0] else { panic!("{list:?}") };
        assert_eq!([turned, straight].contains(&&value), holds);
    }
}

#[test]
fn a_version_that_is_no_known_one_is_told_and_an_asc_manifest_is_refused() {
    for (version, odd) in [("1.0", false), ("1.1", false), ("", true), ("1.2", true), ("3.0", true)] {
        let list = LegacyList::parse(format!("<hashlist version='{version}'/>").as_bytes()).unwrap();
        assert_eq!(!list.warnings.is_empty(), odd, "{version}");
    }
    for root in
        ["<hashlist version='2.0'/>", "<manifest version='1.1'/>", "<m:hashlist xmlns:m='urn:ASC:MHL:v2.0' version='2.0'/>"]
    {
        assert!(matches!(LegacyList::parse(root.as_bytes()), Err(ParseLegacyError::WrongRoot { .. })), "{root}");
    }
}

#[test]
fn an_entry_that_names_two_files_or_sizes_is_an_error() {
    for inside in ["<file>a</file><file>b</file>", "<file>a</file><size>1</size><null/><size>2</size>"] {
        let text = format!("<hashlist version='1.1'><hash>{inside}</hash></hashlist>");
        assert!(matches!(LegacyList::parse(text.as_bytes()), Err(ParseLegacyError::Twice { .. })), "{inside}");
    }
}
