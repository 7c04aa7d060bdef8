//! The judge on small documents; the comparison with libxml2 is an integration test.

use super::*;

fn problems(text: &str, kind: DocumentKind) -> Vec<String> {
    check_schema(text.as_bytes(), kind).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

const CHAIN: &str = "<ascmhldirectory xmlns='urn:ASC:MHL:DIRECTORY:v2.0'>\n<hashlist sequencenr='1'><path>a</path><c4>b</c4>\
    </hashlist>\n<hashlist sequencenr='x' more=''><c4>b</c4></hashlist>\n<c4/></ascmhldirectory>";

#[test]
fn a_violation_says_where_and_what() {
    assert_eq!(
        problems(CHAIN, DocumentKind::Chain),
        [
            "line 3, /ascmhldirectory/hashlist[2]: the attribute \"sequencenr\" is \"x\", not a whole number",
            "line 3, /ascmhldirectory/hashlist[2]: the attribute \"more\" does not belong here",
            "line 3, /ascmhldirectory/hashlist[2]: \"c4\" does not belong here; expected is path",
            "line 4, /ascmhldirectory: \"c4\" does not belong here; expected is hashlist",
        ]
    );
    assert_eq!(problems("<a/>", DocumentKind::Legacy), ["line 1, /a: the root element must be hashlist"]);
    assert_eq!(
        problems(
            "<hashlist version='1.1'>\r\n<creatorinfo>\r<username>x</username></creatorinfo></hashlist>",
            DocumentKind::Legacy
        ),
        [
            "line 2, /hashlist/creatorinfo: it ends too early; expected is hostname",
            "line 1, /hashlist: it ends too early; expected is hash",
        ]
    );
}

#[test]
fn violations_are_bounded_and_so_are_depth_and_width() {
    let many = format!("<ascmhldirectory xmlns='urn:ASC:MHL:DIRECTORY:v2.0'>{}</ascmhldirectory>", "<hashlist/>".repeat(1000));
    assert_eq!(problems(&many, DocumentKind::Chain).len(), MAX_VIOLATIONS);
    for hostile in [
        "<a>".repeat(100_000),
        format!("<a{}/>", (0..1000).map(|number| format!(" a{number}=''")).collect::<String>()),
        (0..60).map(|level| format!("<a{}>", (0..10).map(|n| format!(" xmlns:p{level}q{n}='u'")).collect::<String>())).collect(),
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>".to_owned(),
        "<a>&b;</a>".to_owned(),
    ] {
        let found = check_schema(hostile.as_bytes(), DocumentKind::Manifest).unwrap_err();
        assert!(found.iter().any(|violation| matches!(violation.problem, SchemaProblem::NotXml(_))), "{found:?}");
    }
}

#[test]
fn other_encodings_are_for_legacy_lists_only() {
    let chain = "<?xml version='1.0' encoding='ISO-8859-1'?><ascmhldirectory xmlns='urn:ASC:MHL:DIRECTORY:v2.0'>\
        <hashlist><path>a</path><c4/></hashlist></ascmhldirectory>";
    assert_eq!(problems(chain, DocumentKind::Chain), ["line 1, /: the document says that it is \"ISO-8859-1\", not UTF-8"]);
    assert_eq!(problems(&chain.replace("ISO-8859-1", "utf-8"), DocumentKind::Chain), [""; 0]);
    let wide: Vec<u8> = "<?xml version='1.0'?><a/>".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let found = check_schema(&wide, DocumentKind::Legacy).unwrap_err();
    assert_eq!(found[0].problem, SchemaProblem::WrongRoot { expected: "hashlist" });
}

/// Where libxml2 2.9 is stricter than the recommendation, the recommendation is followed.
#[test]
fn long_numbers_blanks_and_empty_sections_are_legal() {
    let chain = format!(
        "<ascmhldirectory xmlns='urn:ASC:MHL:DIRECTORY:v2.0'><![CDATA[ ]]><hashlist sequencenr=' +{} '><path>a</path>\
         <c4 hashdate=' 2020-01-01T00:00:00Z '/></hashlist></ascmhldirectory>",
        "1".repeat(30)
    );
    assert_eq!(problems(&chain, DocumentKind::Chain), [""; 0]);
}
