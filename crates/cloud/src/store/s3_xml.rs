//! Owns the little XML of the S3 protocol that carries checksums: the list of parts and the completion. Answers are read as
//! hostile input: no entities beyond the predefined ones, bounded text, no recursion.

use checkgate_transfer::Crc64;
use checkgate_transfer::wire::{PartDone, StoredPart};
use quick_xml::Reader;
use quick_xml::events::Event;

/// One page of a list of parts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PartsPage {
    pub(super) parts: Vec<StoredPart>,
    pub(super) next_marker: Option<u16>,
}

/// Walks all elements and gives their path's last two names and their text.
fn walk(xml: &str, mut leaf: impl FnMut(&str, &str, &str), mut end: impl FnMut(&str)) -> Result<(), String> {
    let mut reader = Reader::from_str(xml);
    let mut path: Vec<String> = Vec::new();
    let mut text = String::new();
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(element) => {
                if path.len() >= 16 {
                    return Err("nested too deeply".to_owned());
                }
                let name: &str = element.local_name().into_inner();
                path.push(name.to_owned());
                text.clear();
            }
            Event::Text(part) => text.push_str(&part.xml10_content()),
            Event::GeneralRef(reference) => {
                let name: &str = &reference;
                let resolved = match reference.resolve_char_ref().map_err(|error| error.to_string())? {
                    Some(character) => character.to_string(),
                    None => {
                        quick_xml::escape::resolve_xml_entity(name).ok_or_else(|| format!("unknown entity {name}"))?.to_owned()
                    }
                };
                text.push_str(&resolved);
            }
            Event::End(_) => {
                let name = path.pop().unwrap_or_default();
                leaf(path.last().map_or("", String::as_str), &name, text.trim());
                end(&name);
                text.clear();
            }
            Event::DocType(_) => return Err("a document type".to_owned()),
            Event::Eof => return if path.is_empty() { Ok(()) } else { Err("ends in the middle".to_owned()) },
            _ => {}
        }
        if text.len() > 4096 {
            return Err("text too long".to_owned());
        }
    }
}

#[derive(Default)]
struct RawPart {
    number: Option<u32>,
    size_bytes: Option<u64>,
    etag: Option<String>,
    crc64: Option<Crc64>,
}

pub(super) fn read_parts(xml: &str) -> Result<PartsPage, String> {
    let mut page = PartsPage::default();
    let (mut truncated, mut marker) = (false, None);
    let raw = std::cell::RefCell::new((Vec::new(), RawPart::default()));
    walk(
        xml,
        |parent, name, text| match (parent, name) {
            ("Part", "PartNumber") => raw.borrow_mut().1.number = text.parse().ok(),
            ("Part", "Size") => raw.borrow_mut().1.size_bytes = text.parse().ok(),
            ("Part", "ETag") => raw.borrow_mut().1.etag = Some(text.to_owned()),
            ("Part", "ChecksumCRC64NVME") => raw.borrow_mut().1.crc64 = Crc64::from_base64(text),
            ("ListPartsResult", "IsTruncated") => truncated = text == "true",
            ("ListPartsResult", "NextPartNumberMarker") => marker = text.parse().ok(),
            _ => {}
        },
        |name| {
            if name == "Part" {
                let mut raw = raw.borrow_mut();
                let part = std::mem::take(&mut raw.1);
                raw.0.push(part);
            }
        },
    )?;
    for part in raw.into_inner().0 {
        let (Some(number), Some(size_bytes), Some(etag)) = (part.number, part.size_bytes, part.etag) else {
            return Err("a part without number, size or tag".to_owned());
        };
        page.parts.push(StoredPart { number, size_bytes, crc64: part.crc64, etag });
    }
    if truncated {
        page.next_marker = Some(marker.filter(|marker| *marker > 0).ok_or("truncated without a marker")?);
    }
    Ok(page)
}

/// The code of an error document; `None` if it is none.
pub(super) fn error_code(xml: &str) -> Option<String> {
    let mut code = None;
    walk(
        xml,
        |parent, name, text| {
            if (parent, name) == ("Error", "Code") {
                code = Some(text.to_owned())
            }
        },
        |_| {},
    )
    .ok()?;
    code
}

/// The upload's identity from the answer to its creation.
pub(super) fn upload_id(xml: &str) -> Option<String> {
    let mut id = None;
    walk(
        xml,
        |_, name, text| {
            if name == "UploadId" {
                id = Some(text.to_owned())
            }
        },
        |_| {},
    )
    .ok()?;
    id.filter(|id| !id.is_empty())
}

pub(super) fn completion(parts: &[PartDone]) -> String {
    let mut xml = String::from("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for part in parts {
        xml.push_str(&format!(
            "<Part><PartNumber>{}</PartNumber><ETag>{}</ETag><ChecksumCRC64NVME>{}</ChecksumCRC64NVME></Part>",
            part.number,
            quick_xml::escape::escape(part.etag.as_str()),
            part.crc64.to_base64()
        ));
    }
    xml.push_str("</CompleteMultipartUpload>");
    xml
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListPartsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>b</Bucket><Key>k</Key>
<PartNumberMarker>0</PartNumberMarker><NextPartNumberMarker>2</NextPartNumberMarker><IsTruncated>true</IsTruncated>
<Part><PartNumber>1</PartNumber><ETag>&quot;abc&quot;</ETag><Size>5</Size><ChecksumCRC64NVME>rosUhgp5mIg=</ChecksumCRC64NVME></Part>
<Part><ChecksumCRC64NVME>nonsense</ChecksumCRC64NVME><ETag>"d"</ETag><Size>7</Size><PartNumber>2</PartNumber></Part></ListPartsResult>"#;

    #[test]
    fn reads_checksums_that_the_usual_parsers_drop() {
        let page = read_parts(LIST).expect("reads");
        assert_eq!(page.next_marker, Some(2));
        assert_eq!(
            page.parts[0],
            StoredPart { number: 1, size_bytes: 5, crc64: Some(Crc64::of(b"123456789")), etag: "\"abc\"".to_owned() }
        );
        assert_eq!((page.parts[1].crc64, page.parts[1].number), (None, 2));
    }

    #[test]
    fn refuses_hostile_and_broken_answers() {
        for bad in [
            "<ListPartsResult><Part><PartNumber>1</PartNumber></Part></ListPartsResult>",
            "<ListPartsResult><IsTruncated>true</IsTruncated></ListPartsResult>",
            "<!DOCTYPE x [<!ENTITY a \"b\">]><ListPartsResult/>",
            "<ListPartsResult>&a;</ListPartsResult>",
            "<ListPartsResult><Part>",
            &"<a>".repeat(1000),
        ] {
            assert!(read_parts(bad).is_err(), "{bad:.40}");
        }
    }

    #[test]
    fn names_an_error_and_an_upload() {
        assert_eq!(error_code("<Error><Code>NoSuchUpload</Code><Message>m</Message></Error>").as_deref(), Some("NoSuchUpload"));
        assert_eq!(error_code("<CompleteMultipartUploadResult/>"), None);
        assert_eq!(upload_id("<R><UploadId>u1</UploadId></R>").as_deref(), Some("u1"));
    }

    #[test]
    fn a_tag_cannot_break_out_of_the_completion() {
        let part = PartDone { number: 1, crc64: Crc64(0), etag: "</ETag><x>".to_owned() };
        assert!(completion(&[part]).contains("&lt;/ETag&gt;&lt;x&gt;"));
    }
}
