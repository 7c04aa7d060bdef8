//! Owns reading protocol buffers without their schema, as far as a path of field numbers asks for. Used for DJI's `djmd`, whose field
//! numbers public readers have. Bounded in depth and fields.

const MAX_FIELDS: usize = 4096;

/// One value of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    Int(u64),
    Fixed32(u32),
    Fixed64(u64),
    Bytes(&'a [u8]),
}

impl Value<'_> {
    pub(crate) fn number(&self) -> Option<f64> {
        Some(match self {
            Self::Int(number) => *number as f64,
            Self::Fixed32(bits) => f64::from(f32::from_bits(*bits)),
            Self::Fixed64(bits) => f64::from_bits(*bits),
            // A packed list; its first number counts.
            Self::Bytes(bytes) => varint(bytes, 0)?.0 as f64,
        })
        .filter(|number| number.is_finite())
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// Numbers of a packed list.
    pub(crate) fn packed(&self) -> Vec<u64> {
        let Self::Bytes(bytes) = self else { return Vec::new() };
        let (mut found, mut at) = (Vec::new(), 0);
        while let Some((number, after)) = varint(bytes, at) {
            found.push(number);
            at = after;
            if found.len() >= 16 {
                break;
            }
        }
        found
    }
}

fn varint(bytes: &[u8], mut at: usize) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(at)?;
        at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value, at));
        }
    }
    None
}

/// The first value at a path of field numbers.
pub(crate) fn at<'a>(message: &'a [u8], path: &[u32]) -> Option<Value<'a>> {
    let (first, rest) = path.split_first()?;
    let mut cursor = 0usize;
    for _ in 0..MAX_FIELDS {
        let (key, after) = varint(message, cursor)?;
        let (value, end) = match key & 7 {
            0 => varint(message, after).map(|(number, end)| (Value::Int(number), end))?,
            1 => {
                let bytes = message.get(after..after.checked_add(8)?)?;
                (Value::Fixed64(u64::from_le_bytes(bytes.try_into().ok()?)), after + 8)
            }
            2 => {
                let (length, start) = varint(message, after)?;
                let end = start.checked_add(usize::try_from(length).ok()?)?;
                (Value::Bytes(message.get(start..end)?), end)
            }
            5 => {
                let bytes = message.get(after..after.checked_add(4)?)?;
                (Value::Fixed32(u32::from_le_bytes(bytes.try_into().ok()?)), after + 4)
            }
            _ => return None,
        };
        if key >> 3 == u64::from(*first) {
            return match (rest.is_empty(), value) {
                (true, value) => Some(value),
                (false, Value::Bytes(inside)) => at(inside, rest),
                (false, _) => None,
            };
        }
        cursor = end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_values() {
        // 1: { 10: "DJI X", 5: "SN" }, 3: { 2: { 2: 1 => 400.0f } }
        let header = [&[0x52, 5][..], b"DJI X", &[0x2a, 2], b"SN"].concat();
        let clip = [&[0x0a, header.len() as u8][..], &header].concat();
        let iso = [&[0x0d][..], &400f32.to_le_bytes()].concat();
        let wrapped = [&[0x12, iso.len() as u8][..], &iso].concat();
        let camera = [&[0x12, wrapped.len() as u8][..], &wrapped].concat();
        let message = [&[0x0a, clip.len() as u8][..], &clip, &[0x1a, camera.len() as u8], &camera].concat();
        assert_eq!(at(&message, &[1, 1, 10]).and_then(|v| v.text().map(str::to_owned)).as_deref(), Some("DJI X"));
        assert_eq!(at(&message, &[3, 2, 2, 1]).and_then(|v| v.number()), Some(400.0));
        assert_eq!(at(&message, &[9]), None);
        assert_eq!(at(&[0xff; 40], &[1]), None);
    }
}
