//! Owns GoPro's metadata format (GPMF, published by the maker): nested key, type, size and repeat, padded to four bytes. Reads the
//! first value of each key in a payload.

use crate::source::{Numbers, fixed_text};

const MAX_DEPTH: usize = 8;
const MAX_ITEMS: usize = 4096;

/// One key with the stream it stands in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item<'a> {
    pub(crate) key: [u8; 4],
    pub(crate) kind: u8,
    pub(crate) size: usize,
    pub(crate) value: &'a [u8],
    /// Number of the stream it belongs to, so that a scale finds its values.
    pub(crate) stream: usize,
}

impl Item<'_> {
    pub(crate) fn text(&self) -> Option<String> {
        (self.kind == b'c' || self.kind == b'U').then(|| fixed_text(self.value)).filter(|text| !text.is_empty())
    }

    /// The numbers of the first sample.
    pub(crate) fn numbers(&self) -> Vec<f64> {
        let width = match self.kind {
            b'b' | b'B' => 1,
            b's' | b'S' => 2,
            b'l' | b'L' | b'f' | b'F' => 4,
            b'j' | b'J' | b'd' => 8,
            _ => return Vec::new(),
        };
        let sample = &self.value[..self.size.min(self.value.len())];
        let number = |at: usize| -> Option<f64> {
            Some(match self.kind {
                b'b' => f64::from(*sample.get(at)? as i8),
                b'B' => f64::from(*sample.get(at)?),
                b's' => f64::from(sample.be16(at)? as i16),
                b'S' => f64::from(sample.be16(at)?),
                b'l' => f64::from(sample.be32(at)? as i32),
                b'L' => f64::from(sample.be32(at)?),
                b'f' => f64::from(f32::from_bits(sample.be32(at)?)),
                b'd' => f64::from_bits(sample.be64(at)?),
                b'j' => sample.be64(at)? as i64 as f64,
                b'J' => sample.be64(at)? as f64,
                _ => return None,
            })
        };
        (0..sample.len() / width).take(32).map_while(|n| number(n * width)).filter(|n| n.is_finite()).collect()
    }
}

/// Every item of a payload in order.
pub(crate) fn items(payload: &[u8]) -> Vec<Item<'_>> {
    let mut found = Vec::new();
    let mut stream = 0;
    walk(payload, 0, &mut stream, &mut found);
    found
}

fn walk<'a>(bytes: &'a [u8], depth: usize, stream: &mut usize, found: &mut Vec<Item<'a>>) {
    let mut at = 0usize;
    while let (Some(key), Some(kind), Some(size), Some(repeat)) =
        (bytes.get(at..at + 4), bytes.get(at + 4), bytes.get(at + 5), bytes.be16(at + 6))
    {
        if key == [0; 4] || found.len() >= MAX_ITEMS {
            return;
        }
        let length = usize::from(*size) * usize::from(repeat);
        let Some(value) = bytes.get(at + 8..at + 8 + length) else { return };
        if *kind == 0 {
            if key == b"STRM" {
                *stream += 1;
            }
            if depth < MAX_DEPTH {
                walk(value, depth + 1, stream, found);
            }
        } else if let Ok(key) = key.try_into() {
            found.push(Item { key, kind: *kind, size: usize::from(*size), value, stream: *stream });
        }
        at += 8 + length.next_multiple_of(4);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_items_keep_their_stream() {
        let item = |key: &[u8; 4], kind: u8, size: u8, repeat: u16, value: &[u8]| {
            let mut bytes = key.to_vec();
            bytes.extend_from_slice(&[kind, size]);
            bytes.extend_from_slice(&repeat.to_be_bytes());
            bytes.extend_from_slice(value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes
        };
        let shutter = item(b"SHUT", b'f', 4, 1, &0.02f32.to_be_bytes());
        let stream = item(b"STRM", 0, 1, shutter.len() as u16, &shutter);
        let name = item(b"DVNM", b'c', 1, 6, b"HERO13");
        let inside = [name, stream].concat();
        let device = item(b"DEVC", 0, 1, inside.len() as u16, &inside);
        let found = items(&device);
        assert_eq!((found.len(), found[0].text().as_deref(), found[1].stream), (2, Some("HERO13"), 1));
        assert!((found[1].numbers()[0] - 0.02).abs() < 1e-6);
        assert!(items(&device[..10]).is_empty());
    }
}
