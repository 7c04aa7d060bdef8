//! Owns turning the bytes of a legacy list into text: byte order mark first, then the shape of `<?xml` in wide encodings, then the
//! declared encoding. Never guesses by content; a byte that does not fit is an error, not a replacement character.

use crate::xml::{MAX_BYTES, XmlError};
use std::borrow::Cow;

pub(crate) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, XmlError> {
    if bytes.len() > MAX_BYTES {
        return Err(XmlError::TooLarge(bytes.len()));
    }
    // UTF-32 first: its little-endian mark begins with that of UTF-16.
    for (mark, wide, skip) in [
        (&[0xff, 0xfe, 0, 0][..], wide_le as fn([u8; 4]) -> u32, 4),
        (&[0, 0, 0xfe, 0xff], wide_be, 4),
        (&[b'<', 0, 0, 0], wide_le, 0),
        (&[0, 0, 0, b'<'], wide_be, 0),
    ] {
        if bytes.starts_with(mark) {
            return utf32(&bytes[skip..], wide).map(Cow::Owned);
        }
    }
    for (mark, encoding, skip) in [
        (&[0xff, 0xfe][..], encoding_rs::UTF_16LE, 2),
        (&[0xfe, 0xff], encoding_rs::UTF_16BE, 2),
        (&[b'<', 0], encoding_rs::UTF_16LE, 0),
        (&[0, b'<'], encoding_rs::UTF_16BE, 0),
        (&[0xef, 0xbb, 0xbf], encoding_rs::UTF_8, 3),
    ] {
        if bytes.starts_with(mark) {
            return strict(encoding, &bytes[skip..]);
        }
    }
    let encoding = match declared(bytes) {
        None => encoding_rs::UTF_8,
        Some(label) => encoding_rs::Encoding::for_label(label.as_bytes()).ok_or(XmlError::Encoding(label))?,
    };
    // A document whose declaration was just read byte by byte is not UTF-16, whatever it declares.
    let wide = encoding == encoding_rs::UTF_16LE || encoding == encoding_rs::UTF_16BE;
    strict(if wide { encoding_rs::UTF_8 } else { encoding }, bytes)
}

fn strict<'a>(encoding: &'static encoding_rs::Encoding, bytes: &'a [u8]) -> Result<Cow<'a, str>, XmlError> {
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .ok_or_else(|| XmlError::Encoding(encoding.name().to_owned()))
}

const fn wide_le(bytes: [u8; 4]) -> u32 {
    u32::from_le_bytes(bytes)
}

const fn wide_be(bytes: [u8; 4]) -> u32 {
    u32::from_be_bytes(bytes)
}

fn utf32(bytes: &[u8], wide: fn([u8; 4]) -> u32) -> Result<String, XmlError> {
    let bad = || XmlError::Encoding("UTF-32".to_owned());
    let (units, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(bad());
    }
    units.iter().map(|unit| char::from_u32(wide(*unit)).ok_or_else(bad)).collect()
}

/// The value of `encoding=` in the declaration, if there is one.
fn declared(bytes: &[u8]) -> Option<String> {
    let head = &bytes[..bytes.len().min(256)];
    let start = head.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let head = head[start..].strip_prefix(b"<?xml")?;
    let end = head.windows(2).position(|pair| pair == b"?>")?;
    let text = std::str::from_utf8(&head[..end]).ok()?;
    let value = text.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (label, _) = value[1..].split_once(quote)?;
    Some(label.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "<?xml version='1.0' encoding='UTF-16'?>\r\n<a>é😀</a>";

    #[test]
    fn wide_encodings_are_known_with_and_without_mark() {
        for mark in ["", "\u{feff}"] {
            let text = format!("{mark}{TEXT}");
            let le16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let be16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            let le32: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
            let be32: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
            for bytes in [le16, be16, le32, be32, text.clone().into_bytes()] {
                assert_eq!(decode(&bytes).as_deref(), Ok(TEXT));
            }
        }
    }

    #[test]
    fn bytes_that_do_not_fit_are_an_error() {
        assert!(decode(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><a>\xe9</a>").is_err());
        assert!(decode(b"<?xml version=\"1.0\" encoding=\"no-such\"?><a/>").is_err());
        assert_eq!(
            decode(b"<?xml version=\"1.0\" encoding=\"ISO-8859-15\"?>\xa4").as_deref().map(|text| text.ends_with('\u{20ac}')),
            Ok(true)
        );
        assert!(decode(&[b'<', 0, 0, 0, 0, 0xd8, 0, 0]).is_err());
        assert!(decode(&[0, 0, 0xfe, 0xff, 0]).is_err());
    }
}
