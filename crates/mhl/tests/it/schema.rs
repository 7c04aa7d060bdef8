//! The schema check against libxml2: what the one calls valid, the other must.

use crate::lint::{CHAIN, LEGACY, MANIFEST, judge};
use crate::support::{Appending as _, operation, record, samples, walk};
use checkgate_mhl::{Author, DocumentKind, History, Process, SchemaProblem, check_schema};
use checkgate_model::{HashFormat, RelPath};
use quick_xml::events::Event;
use std::fmt::Write as _;

/// A document that can be taken apart. Names, values and texts are kept as they are escaped.
#[derive(Debug, Clone)]
enum Node {
    Text(String),
    Element(Element),
}

#[derive(Debug, Clone, Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Node>,
}

impl Element {
    fn parse(text: &str) -> Self {
        let mut reader = quick_xml::Reader::from_str(text.trim_start_matches('\u{feff}'));
        reader.config_mut().expand_empty_elements = true;
        let mut open = vec![Self::default()];
        loop {
            let children = |open: &mut Vec<Self>, node| open.last_mut().unwrap().children.push(node);
            match reader.read_event().unwrap() {
                Event::Start(start) => {
                    let attributes = start.attributes().map(|attribute| {
                        let attribute = attribute.unwrap();
                        let (name, value): (&str, &str) = (attribute.key.as_ref(), attribute.value.as_ref());
                        (name.to_owned(), value.replace('"', "&quot;"))
                    });
                    let attributes = attributes.collect();
                    let name: &str = start.name().0;
                    open.push(Self { name: name.to_owned(), attributes, children: Vec::new() });
                }
                Event::End(_) => {
                    let done = open.pop().unwrap();
                    children(&mut open, Node::Element(done));
                }
                Event::Text(text) => children(&mut open, Node::Text(text.into_inner().into_owned())),
                Event::GeneralRef(name) => children(&mut open, Node::Text(format!("&{};", name.into_inner()))),
                Event::Eof => break,
                _ => {}
            }
        }
        let roots = open.pop().unwrap().children.into_iter();
        roots
            .filter_map(|node| match node {
                Node::Element(element) => Some(element),
                Node::Text(_) => None,
            })
            .next()
            .unwrap()
    }

    fn write(&self, out: &mut String) {
        write!(out, "<{}", self.name).unwrap();
        for (name, value) in &self.attributes {
            write!(out, " {name}=\"{value}\"").unwrap();
        }
        out.push('>');
        for child in &self.children {
            match child {
                Node::Text(text) => out.push_str(text),
                Node::Element(element) => element.write(out),
            }
        }
        write!(out, "</{}>", self.name).unwrap();
    }

    fn document(&self) -> Vec<u8> {
        let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
        self.write(&mut out);
        out.push('\n');
        out.into_bytes()
    }

    fn count(&self) -> usize {
        1 + self.elements().map(Self::count).sum::<usize>()
    }

    fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The element of that number in the order of the document.
    fn at(&mut self, mut number: usize) -> &mut Self {
        if number == 0 {
            return self;
        }
        number -= 1;
        for node in &mut self.children {
            if let Node::Element(element) = node {
                let count = element.count();
                if number < count {
                    return element.at(number);
                }
                number -= count;
            }
        }
        unreachable!("the number is below the count")
    }

    fn names(&self, into: &mut Vec<String>) {
        if !into.contains(&self.name) {
            into.push(self.name.clone());
        }
        self.elements().for_each(|element| element.names(into));
    }
}

/// The same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let index = self.below(from.len());
        &from[index]
    }
}

/// Texts for every simple type, legal and not. Left out is what libxml2 judges otherwise than the recommendation; see `schema.rs`.
const TEXTS: &[&str] = &[
    "",
    " ",
    "a",
    "0",
    "1",
    "-1",
    "+1",
    " 5 ",
    "05",
    "5.0",
    "1 2",
    "12345678901",
    "0123456789",
    "00000000000000005",
    "-0",
    "1.1",
    "2.0",
    " 2.0",
    "2.00",
    ".5",
    "5.",
    "1.15",
    "1e0",
    "INF",
    "true",
    "false",
    "True",
    "original",
    "verified",
    "failed",
    "new",
    " original",
    "in-place",
    "transfer",
    "flatten",
    "copy",
    "a@b.c",
    "a@b",
    "@b.c",
    "a@.c",
    "a@b.",
    "a@@b.c",
    "a@b.c@d",
    "a@b.&#10;",
    "a@b.c&#10;d",
    "a b@c d.e",
    "&#10;@b.c",
    "a.b@c",
    "2020-01-01T00:00:00Z",
    "2020-01-01T00:00:00",
    "2020-01-01T24:00:00+14:00",
    "2020-01-01T24:00:01Z",
    "2019-02-29T00:00:00Z",
    "2020-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z",
    "-0004-02-29T00:00:00Z",
    "12020-01-01T00:00:00-14:00",
    "02020-01-01T00:00:00Z",
    "2020-1-01T00:00:00Z",
    "2020-01-01t00:00:00Z",
    "2020-01-01T00:00:00z",
    "2020-01-01T00:00:00.123456789012Z",
    "2020-01-01T00:00:00.Z",
    "2020-01-01T00:00:60Z",
    "2020-01-01T00:00:00+14:01",
    "2020-01-01T00:00:00+0100",
    "2020-01-01T00:00:00+13:60",
    "2020-13-01T00:00:00Z",
    "2020-04-31T00:00:00Z",
    "2020-01-01 00:00:00Z",
    "2020-01-01",
    "2020-01-01T00:00Z",
    "2020-01-01T00:00:00-00:00",
    "00112233445566778899aabbccddeeff",
    " 00112233445566778899AABBCCDDEEFF&#9;",
    "00112233445566778899aabbccddeef",
    "0011223344556677",
    "00112233445566778899aabb2233445566778899",
    "00 11",
    "zz",
    "AQ==",
    "AQE=",
    "AR==",
    "AQF=",
    "AQEB",
    "AQ=",
    "A Q = =",
    "=",
    "AQ==AQ==",
    "http://a/b?c#d",
    "urn:x:y",
    "a b",
    "%zz",
    "%41",
    "#",
    "#a#b",
    ":a",
    "1a:b",
    "http://[::1]:80/",
    "http://a:b/",
    "[",
    "a/b:c",
    "\u{e9}",
    "name",
    "1name",
    "na:me",
    "&lt;",
    "&#xD;",
    "&#x85;",
    "\u{a0}",
];
const ATTRIBUTES: &[&str] = &[
    "size",
    "creationdate",
    "lastmodificationdate",
    "action",
    "hashdate",
    "structure",
    "email",
    "phone",
    "role",
    "version",
    "sequencenr",
    "referencehhashlist",
    "bit",
    "xml:lang",
    "xml:space",
    "xsi:nil",
    "xsi:schemaLocation",
    "xsi:other",
    "q:size",
    "q:version",
    "Id",
    "Algorithm",
    "URI",
    "Type",
    "Target",
    "Encoding",
    "SIZE",
];
const STRANGERS: &[&str] = &[
    "metadata",
    "foreign",
    "q:foreign",
    "q:path",
    "hash",
    "hashes",
    "path",
    "c4",
    "md5",
    "xxh128",
    "sha256",
    "Path",
    "hashlist",
    "author",
    "comment",
    "location",
    "ignore",
    "pattern",
    "references",
    "log",
    "source",
    "name",
    "null",
    "xxhash64",
    "size",
    "creationdate",
    "d:Signature",
    "d:KeyName",
    "d:XPath",
    "d:Unknown",
];

/// Prefixes that mutations use are bound at the root.
const BOUND: &[(&str, &str)] = &[
    ("xmlns:q", "urn:q"),
    ("xmlns:d", "http://www.w3.org/2000/09/xmldsig#"),
    ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
];

fn mutate(root: &mut Element, names: &[String], dice: &mut Dice) {
    let number = dice.below(root.count());
    let text = (*dice.pick(TEXTS)).to_owned();
    let stranger = if dice.below(2) == 0 { dice.pick(names).clone() } else { (*dice.pick(STRANGERS)).to_owned() };
    let copied = {
        let other = dice.below(root.count());
        if other == 0 { Element { name: stranger.clone(), ..Element::default() } } else { root.at(other).clone() }
    };
    let element = root.at(number);
    let inside = element.children.len();
    let child = dice.below(inside);
    match dice.below(17) {
        // Drop, duplicate, swap.
        0 | 1 if inside > 0 => drop(element.children.remove(child)),
        2 if inside > 0 => {
            let again = element.children[child].clone();
            element.children.insert(child, again);
        }
        3 if inside > 1 => {
            let other = dice.below(inside);
            element.children.swap(child, other);
        }
        // Rename, move, insert.
        4 => element.name = stranger,
        5 => element.children.insert(child, Node::Element(copied)),
        6 => element.children.insert(child, Node::Element(Element { name: stranger, ..Element::default() })),
        7 => {
            let wrapped = std::mem::take(&mut element.children);
            element.children = vec![Node::Element(Element { name: stranger, attributes: Vec::new(), children: wrapped })];
        }
        // Attributes.
        8 if !element.attributes.is_empty() => drop(element.attributes.remove(dice.below(element.attributes.len()))),
        9 | 10 if !element.attributes.is_empty() => {
            let at = dice.below(element.attributes.len());
            if !element.attributes[at].0.starts_with("xmlns") {
                element.attributes[at].1 = text;
            }
        }
        11 | 12 => {
            let name = *dice.pick(ATTRIBUTES);
            element.attributes.retain(|(known, _)| known != name);
            element.attributes.push((name.to_owned(), text));
        }
        // Text.
        13 | 14 => element.children = vec![Node::Text(text)],
        15 => {
            // Blanks around a date are another exception.
            let blank = if inside > 1 { "\n\t" } else { "" };
            let odd = [text.as_str(), "<!-- c -->", "<?pi c?>", blank, "x"];
            element.children.insert(child, Node::Text((*dice.pick(&odd)).to_owned()));
        }
        // Namespaces.
        _ => {
            let bound = *dice.pick(&[
                "",
                "urn:q",
                "urn:ASC:MHL:v2.0",
                "urn:ASC:MHL:DIRECTORY:v2.0",
                "http://www.w3.org/2000/09/xmldsig#",
            ]);
            element.attributes.retain(|(known, _)| known != "xmlns");
            element.attributes.push(("xmlns".to_owned(), bound.to_owned()));
        }
    }
}

/// The document with one to three changes.
fn mutants(seeds: &[Vec<u8>], each: usize, seed: u64) -> Vec<Vec<u8>> {
    let mut dice = Dice(seed);
    let mut made = seeds.to_vec();
    for document in seeds {
        let mut whole = Element::parse(std::str::from_utf8(document).unwrap());
        for (name, value) in BOUND {
            whole.attributes.retain(|(known, _)| known != name);
            whole.attributes.push(((*name).to_owned(), (*value).to_owned()));
        }
        let mut names = Vec::new();
        whole.names(&mut names);
        made.push(whole.document());
        for _ in 0..each {
            let mut changed = whole.clone();
            for _ in 0..=dice.below(3) {
                mutate(&mut changed, &names, &mut dice);
            }
            made.push(changed.document());
        }
    }
    made
}

/// Compares the two judges; answers how many documents were valid and how many were not.
fn compare(documents: &[Vec<u8>], kind: DocumentKind, schema: &str) -> Option<(usize, usize)> {
    let root = if kind == DocumentKind::Chain { "ascmhldirectory" } else { "hashlist" };
    let verdicts = judge(schema, documents)?;
    assert_eq!(verdicts.len(), documents.len());
    let (mut valid, mut invalid, mut broken) = (0, 0, Vec::new());
    for (document, verdict) in documents.iter().zip(verdicts) {
        let ours = check_schema(document, kind);
        // The first exception that `schema.rs` names: any declared root will do for libxml2.
        let text = String::from_utf8_lossy(document);
        let other_root = text.find('\n').is_some_and(|at| !text[at..].trim_start().starts_with(&format!("<{root}")));
        // Blanks around a date.
        let only_blanks = verdict.as_ref().is_err_and(|words| {
            words.matches("validity error").count() == 1
                && words.contains("' is not a valid value of the atomic type 'xs:dateTime'")
                && (words.contains("': ' ") || words.contains(" ' is not"))
        });
        // libxml2 passes over stray letters in base 64.
        let only_base64 = ours.as_ref().is_err_and(|found| {
            found.iter().all(|one| matches!(&one.problem, SchemaProblem::Text { wanted, .. } if wanted == "base 64"))
        });
        // ASC MHL documents must say that they are UTF-8.
        let only_encoding =
            ours.as_ref().is_err_and(|found| found.iter().all(|one| matches!(one.problem, SchemaProblem::Encoding(_))));
        if ours.is_ok() == verdict.is_ok() {
            if verdict.is_ok() { valid += 1 } else { invalid += 1 }
        } else if !(other_root && ours.is_err() || only_base64 || only_blanks || only_encoding) {
            broken.push(format!("ours: {ours:?}\nlibxml2: {verdict:?}\n{text}"));
        }
    }
    assert!(
        broken.is_empty(),
        "{} of {} differ, first:\n{}",
        broken.len(),
        documents.len(),
        broken[..broken.len().min(3)].join("\n\n")
    );
    Some((valid, invalid))
}

fn read(below: &str, wanted: fn(&RelPath) -> bool) -> Vec<Vec<u8>> {
    let Some(folder) = samples(below) else { return Vec::new() };
    walk(&folder).0.into_iter().filter(|(path, _)| wanted(path)).map(|(_, bytes)| bytes).collect()
}

/// A manifest and a chain with everything that this crate writes.
fn written() -> (Vec<u8>, Vec<u8>) {
    let author = Author {
        name: "A <B> & C".to_owned(),
        email: Some("a@b.c".to_owned()),
        phone: Some("+1".to_owned()),
        role: Some("DIT".to_owned()),
    };
    let operation = checkgate_mhl::Operation {
        authors: vec![author.clone(), Author { name: "D".to_owned(), ..Author::default() }],
        location: Some("Köln".to_owned()),
        comment: Some("a\nb".to_owned()),
        ..operation(0, Process::Transfer)
    };
    let files = [record("A/b &<>.mov", b"1", &HashFormat::ALL), record("c", b"", &HashFormat::ALL)];
    let folders = [RelPath::new("A").unwrap(), RelPath::new("E").unwrap()];
    let new = History::empty().append_all("R", &operation, &files, &folders, &["*.tmp".to_owned()]).unwrap();
    (new.manifest_xml, new.chain_xml)
}

/// Foreign metadata, where anything may stand and what is declared is judged all the same.
const RICH: &str = "<?xml version='1.0'?>\n<hashlist version='2.0' xmlns='urn:ASC:MHL:v2.0' xmlns:x='http://www.w3.org/2001/XMLSchema' \
    xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><creatorinfo><creationdate>2020-01-01T00:00:00+02:00</creationdate>\
    <hostname/><tool>t</tool></creatorinfo><processinfo><process>flatten</process></processinfo><hashes><hash><path size='-5'>a</path>\
    <md5>anything</md5><previousPath>b</previousPath><metadata any='thing'>text<deep xsi:type='x:integer'>5</deep><a><b c='d'/></a>\
    </metadata></hash><directoryhash><path>c</path><content/><structure/><metadata/></directoryhash></hashes><metadata>\
    <hashlist version='2.0'><creatorinfo><creationdate>2020-01-01T00:00:00</creationdate><hostname/><tool/></creatorinfo><processinfo>\
    <process>in-place</process></processinfo></hashlist><plain xmlns=''>x</plain></metadata><references><hashlistreference><path>p</path>\
    <c4>c</c4></hashlistreference></references></hashlist>";

/// A signed list with every part of a signature.
const SIGNED: &str = "<?xml version='1.0'?>\n<hashlist version='1.1'><creationdate>2020-01-01T00:00:00Z</creationdate><creatorinfo>\
    <name>n</name><username>u</username><hostname>h</hostname><tool>t</tool><source>s</source><startdate>2020-01-01T00:00:00Z</startdate>\
    <finishdate>2020-01-01T00:00:00Z</finishdate><log>l</log></creatorinfo><hash referencehhashlist='true'><file>a</file><size>5</size>\
    <creationdate>2020-01-01T00:00:00Z</creationdate><lastmodificationdate>2020-01-01T00:00:00Z</lastmodificationdate><null/>\
    <xxhash>0123456789</xxhash><xxhash64>0011223344556677</xxhash64><hashdate>2020-01-01T00:00:00Z</hashdate></hash>\
    <d:Signature xmlns:d='http://www.w3.org/2000/09/xmldsig#' Id='s'><d:SignedInfo Id='i'><d:CanonicalizationMethod Algorithm='urn:c'/>\
    <d:SignatureMethod Algorithm='urn:m'>mixed<d:HMACOutputLength>5</d:HMACOutputLength></d:SignatureMethod><d:Reference URI='' Type='urn:t'>\
    <d:Transforms><d:Transform Algorithm='urn:x'><d:XPath>x</d:XPath><q xmlns='urn:q' version='1.1'><size>5</size></q></d:Transform></d:Transforms>\
    <d:DigestMethod Algorithm='urn:d'/><d:DigestValue>AQ==</d:DigestValue></d:Reference></d:SignedInfo><d:SignatureValue>AQEB</d:SignatureValue>\
    <d:KeyInfo><d:KeyName>k</d:KeyName><d:KeyValue><d:RSAKeyValue><d:Modulus>AQ==</d:Modulus><d:Exponent>AQ==</d:Exponent></d:RSAKeyValue>\
    </d:KeyValue><d:KeyValue><d:DSAKeyValue><d:P>AQ==</d:P><d:Q>AQ==</d:Q><d:G>AQ==</d:G><d:Y>AQ==</d:Y><d:J>AQ==</d:J><d:Seed>AQ==</d:Seed>\
    <d:PgenCounter>AQ==</d:PgenCounter></d:DSAKeyValue></d:KeyValue><d:RetrievalMethod URI='#x'/><d:X509Data><d:X509IssuerSerial>\
    <d:X509IssuerName>n</d:X509IssuerName><d:X509SerialNumber>1</d:X509SerialNumber></d:X509IssuerSerial><d:X509SKI>AQ==</d:X509SKI>\
    <d:X509Certificate>AQ==</d:X509Certificate></d:X509Data><d:PGPData><d:PGPKeyID>AQ==</d:PGPKeyID><d:PGPKeyPacket>AQ==</d:PGPKeyPacket>\
    <q xmlns='urn:q'/></d:PGPData><d:PGPData><d:PGPKeyPacket>AQ==</d:PGPKeyPacket></d:PGPData><d:SPKIData><d:SPKISexp>AQ==</d:SPKISexp>\
    <q xmlns='urn:q'/><d:SPKISexp>AQ==</d:SPKISexp></d:SPKIData><d:MgmtData>m</d:MgmtData></d:KeyInfo><d:Object Id='o' MimeType='m' Encoding='urn:e'>\
    text<size>5</size><d:Manifest><d:Reference><d:DigestMethod Algorithm='a'/><d:DigestValue/></d:Reference></d:Manifest>\
    <d:SignatureProperties><d:SignatureProperty Target='#s'><q xmlns='urn:q'/></d:SignatureProperty></d:SignatureProperties></d:Object></d:Signature></hashlist>";

/// What a comparison must have seen to be one: enough of either verdict.
fn assert_seen(seen: Option<(usize, usize)>, what: &str) {
    if let Some((valid, invalid)) = seen {
        eprintln!("{what}: {valid} valid and {invalid} invalid documents judged alike");
        assert!(valid > 100 && invalid > 500, "{what}: {valid} valid, {invalid} invalid");
    }
}

#[test]
fn manifests_are_judged_as_libxml2_judges_them() {
    let mut seeds = read("mhl", |path| path.extension() == "mhl" && !path.as_str().starts_with("legacy/"));
    seeds.extend([written().0, RICH.into(), RICH.into(), RICH.into(), RICH.into()]);
    assert_seen(compare(&mutants(&seeds, 150, 1), DocumentKind::Manifest, MANIFEST), "manifests");
}

#[test]
fn chains_are_judged_as_libxml2_judges_them() {
    let mut seeds = read("mhl", |path| path.file_name() == checkgate_mhl::CHAIN);
    seeds.push(written().1);
    assert_seen(compare(&mutants(&seeds, 300, 2), DocumentKind::Chain, CHAIN), "chains");
}

#[test]
fn legacy_lists_are_judged_as_libxml2_judges_them() {
    let mut seeds = read("mhl/legacy", |path| path.extension() == "mhl" && path.as_str().contains('/'));
    seeds.extend(std::iter::repeat_n(SIGNED.into(), 12));
    assert_seen(compare(&mutants(&seeds, 150, 3), DocumentKind::Legacy, LEGACY), "legacy lists");
}

/// Lists of the legacy samples in other encodings, which the mutations above do not touch.
#[test]
fn lists_in_any_encoding_are_judged_as_libxml2_judges_them() {
    let lists = read("mhl/legacy", |path| path.as_str().starts_with("aux_"));
    if let Some((valid, invalid)) = compare(&lists, DocumentKind::Legacy, LEGACY) {
        assert_eq!((valid, invalid), (0, lists.len()), "their dates are not those of the schema");
    }
}

/// One changed byte decides over well-formedness as often as over validity.
#[test]
fn documents_with_a_changed_byte_are_judged_as_libxml2_judges_them() {
    let (manifest, chain) = written();
    for (document, kind, schema) in [
        (manifest, DocumentKind::Manifest, MANIFEST),
        (chain, DocumentKind::Chain, CHAIN),
        (SIGNED.into(), DocumentKind::Legacy, LEGACY),
        (RICH.into(), DocumentKind::Manifest, MANIFEST),
    ] {
        let mut dice = Dice(4);
        let letters = b"<>&;'\"=/!?-[]#x: \n\t\raZ09.\x01\x7f";
        let changed: Vec<Vec<u8>> = (0..1000)
            .map(|_| {
                let mut bytes = document.clone();
                let at = 21 + dice.below(bytes.len() - 21);
                match dice.below(3) {
                    0 => bytes[at] = *dice.pick(letters),
                    1 => bytes.insert(at, *dice.pick(letters)),
                    _ => drop(bytes.remove(at)),
                }
                bytes
            })
            .collect();
        if let Some((valid, invalid)) = compare(&changed, kind, schema) {
            eprintln!("changed bytes, {kind}: {valid} valid and {invalid} invalid documents judged alike");
        }
    }
}
