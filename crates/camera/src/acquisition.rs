//! Owns acquisition metadata of one frame: the local sets of SMPTE RDD 18 (Sony `rtmd`, ANC packets in MXF) and what Canon (CNDM) and
//! Sony add to them in their own tags. Layouts as public readers have them; not verified on camera files.

use crate::dumps::cooke_dynamic;
use crate::source::{Numbers, fixed_text};
use crate::values::{date, ratio, round6};
use crate::vendor::{Statements, Strength};
use checkgate_model::{FieldValue, FrameRate};

/// Whose tags above 0xE000 are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Maker {
    Sony,
    Canon,
}

const MAX_TAGS: usize = 4096;
const MAX_DEPTH: usize = 4;

/// Tags with their values out of sets that stand one behind another, with or without the KLV of each.
pub(crate) fn tags(bytes: &[u8]) -> Vec<(u16, &[u8])> {
    let mut found = Vec::new();
    collect(bytes, 0, &mut found);
    found
}

fn collect<'a>(bytes: &'a [u8], depth: usize, found: &mut Vec<(u16, &'a [u8])>) {
    let mut at = 0usize;
    while let Some(tag) = bytes.be16(at) {
        if found.len() >= MAX_TAGS {
            return;
        }
        if tag == 0x060e && bytes.be16(at + 2) == Some(0x2b34) {
            // Key of a set and its BER length; the set's own tags follow.
            let Some(first) = bytes.get(at + 16) else { return };
            at += 17 + if *first & 0x80 != 0 { usize::from(first & 0x7f) } else { 0 };
            continue;
        }
        if tag == 0 || tag == 0xffff {
            return;
        }
        let Some(length) = bytes.be16(at + 2).map(usize::from) else { return };
        let Some(value) = bytes.get(at + 4..at + 4 + length) else { return };
        if tag == 0x8300 && depth < MAX_DEPTH {
            collect(value, depth + 1, found);
        } else {
            found.push((tag, value));
        }
        at += 4 + length;
    }
}

/// States what a frame's tags say.
pub(crate) fn tell(said: &mut Statements, found: &[(u16, &[u8])], maker: Maker, source: &str) {
    let mark = said.mark();
    tell_sensor(said, found, maker, source);
    for (tag, value) in found {
        let at = format!("{source}/{tag:04x}");
        if *tag < 0xe000 {
            tell_common(said, *tag, value, &at);
        } else if maker == Maker::Sony {
            tell_sony(said, *tag, value, &at);
        } else {
            tell_canon(said, *tag, value, &at);
        }
    }
    said.of_frame(mark);
}

/// Width and height stand in two tags: micrometres in RDD 18, millimetres as floats at Canon.
fn tell_sensor(said: &mut Statements, found: &[(u16, &[u8])], maker: Maker, source: &str) {
    let value = |tag: u16| found.iter().find(|(known, _)| *known == tag).map(|(_, value)| *value);
    let micro =
        |tag: u16| value(tag).and_then(|value| value.be16(0)).filter(|n| *n > 0 && *n < u16::MAX).map(|n| f64::from(n) / 1000.0);
    let milli = |tag: u16| {
        let number = value(tag)?.be32(0).map(f32::from_bits).map(f64::from)?;
        (number > 0.0 && number < 1000.0).then(|| round6(number))
    };
    let sides = micro(0x8104).zip(micro(0x8105)).map(|sides| (sides, "8104, 8105"));
    let own = if maker == Maker::Canon { milli(0xe11f).zip(milli(0xe120)).map(|sides| (sides, "e11f, e120")) } else { None };
    if let Some(((width, height), tags)) = sides.or(own) {
        let raw = format!("{width} x {height} mm");
        said.value(
            Strength::Container,
            &format!("{source}/{tags}"),
            "sensor.active_mm",
            FieldValue::List(vec![width, height]),
            raw,
        );
    }
}

fn float(said: &mut Statements, at: &str, field: &str, number: f64, raw: String) {
    said.value(Strength::Container, at, field, FieldValue::Float(round6(number)), raw);
}

fn int(said: &mut Statements, at: &str, field: &str, number: i64) {
    said.value(Strength::Container, at, field, FieldValue::Int(number), number.to_string());
}

/// RDD 18, lens and camera units.
fn tell_common(said: &mut Statements, tag: u16, value: &[u8], at: &str) {
    let word = value.be16(0);
    match (tag, word) {
        (0x8000 | 0x8008, Some(raw)) => {
            let field = if tag == 0x8000 { "lens.f_stop" } else { "lens.t_stop" };
            if raw == 0xffff || raw == 0 {
                return said.unknown(Strength::Container, at, field, if tag == 0x8000 { "f" } else { "T" }, &raw.to_string());
            }
            let stop = (8.0 * (1.0 - f64::from(raw) / 65_536.0)).exp2();
            float(said, at, field, stop, raw.to_string());
        }
        (0x8001 | 0x8002 | 0x8005, Some(raw)) => {
            let (field, factor, unit) =
                if tag == 0x8005 { ("lens.focal_length", 1000.0, "mm") } else { ("lens.focus_distance", 1.0, "m") };
            match decimal_float(raw).filter(|number| *number > 0.0 && raw & 0x0fff != 0x0fff) {
                Some(number) => float(said, at, field, number * factor, format!("{raw:#06x}")),
                None => said.unknown(Strength::Container, at, field, unit, &format!("{raw:#06x}")),
            }
        }
        (0x8007, _) => said.text(Strength::Container, at, "lens.serial", &fixed_text(value)),
        (0x8103, Some(raw)) => match raw {
            0 | 0xffff => said.unknown(Strength::Container, at, "filter.nd", "stop", &raw.to_string()),
            part => float(said, at, "filter.nd", f64::from(part).log2(), format!("1/{part}")),
        },
        (0x8106, _) => {
            if let Some((num, den)) = value.be32(0).zip(value.be32(4))
                && let Some(rate) = FrameRate::new(num, den)
            {
                said.value(Strength::Container, at, "rate.sensor", crate::values::rate_value(rate), format!("{num}/{den}"));
            }
        }
        // Minutes of a degree.
        (0x8108, _) => {
            if let Some(raw) = value.be32(0).map(|raw| raw as i32).filter(|raw| (1..=360 * 60).contains(raw)) {
                float(said, at, "exposure.shutter_angle", f64::from(raw) / 60.0, raw.to_string());
            }
        }
        (0x8109, _) => {
            if let Some((num, den)) = value.be32(0).zip(value.be32(4)).filter(|(_, den)| *den > 0) {
                let time = f64::from(num) / f64::from(den);
                said.value(
                    Strength::Container,
                    at,
                    "exposure.time",
                    FieldValue::Float((time * 1e9).round() / 1e9),
                    format!("{num}/{den}"),
                );
            }
        }
        (0x810b, Some(iso)) if iso > 0 && iso < 0xffff => int(said, at, "exposure.iso", i64::from(iso)),
        (0x8115, Some(index)) if index > 0 && index < 0xffff => int(said, at, "exposure.index", i64::from(index)),
        (0x8119 | 0x811e, _) => {
            if let Some(iso) = value.be32(0).filter(|iso| (1..10_000_000).contains(iso)) {
                int(said, at, "exposure.iso", i64::from(iso));
            }
        }
        (0x810e, Some(kelvin)) => match kelvin {
            0 | 0xffff => said.unknown(Strength::Container, at, "wb.kelvin", "K", &kelvin.to_string()),
            kelvin => int(said, at, "wb.kelvin", i64::from(kelvin)),
        },
        (0x8114, _) => said.text(Strength::Container, at, "camera.serial", attributes_serial(&fixed_text(value))),
        (0x8117, _) => tell_cdl(said, value, at),
        (0x3210 | 0x3219, _) => tell_label(said, tag, value, at),
        _ => {}
    }
}

/// `Model 0012345`: model and serial in one text; a text without number is no serial.
fn attributes_serial(text: &str) -> &str {
    text.rsplit(' ').next().filter(|word| word.bytes().any(|byte| byte.is_ascii_digit())).unwrap_or("")
}

/// A decimal float of 16 bits: four bits of signed exponent of ten, twelve of mantissa.
fn decimal_float(raw: u16) -> Option<f64> {
    let exponent = i32::from(raw >> 12);
    let exponent = if exponent >= 8 { exponent - 16 } else { exponent };
    Some(f64::from(raw & 0x0fff) * 10f64.powi(exponent)).filter(|number| number.is_finite())
}

/// A half float (IEEE 754), as the CDL values are.
pub(crate) fn half(raw: u16) -> f64 {
    let sign = if raw & 0x8000 != 0 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(raw >> 10 & 0x1f), f64::from(raw & 0x3ff));
    match exponent {
        0 => sign * fraction * 2f64.powi(-24),
        31 => f64::NAN,
        exponent => sign * (1.0 + fraction / 1024.0) * 2f64.powi(exponent - 15),
    }
}

/// Ten half floats behind their count and size: slope, offset and power of red, green and blue, then saturation.
fn tell_cdl(said: &mut Statements, value: &[u8], at: &str) {
    if (value.be32(0), value.be32(4)) != (Some(10), Some(2)) {
        return;
    }
    let numbers: Vec<f64> =
        (0..10).filter_map(|n| value.be16(8 + n * 2)).map(half).filter(|n| n.is_finite()).map(round6).collect();
    if numbers.len() == 10 {
        let raw = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        said.value(Strength::Container, at, "look.saturation", FieldValue::Float(numbers[9]), raw.clone());
        said.value(Strength::Container, at, "look.cdl", FieldValue::List(numbers[..9].to_vec()), raw);
    }
}

/// Curve or primaries by a label of sixteen bytes.
pub(crate) fn tell_label(said: &mut Statements, tag: u16, value: &[u8], at: &str) {
    let Some(label) = value.get(..16).and_then(|label| <[u8; 16]>::try_from(label).ok()) else { return };
    let raw: String = label.iter().map(|byte| format!("{byte:02x}")).collect();
    if label[..4] != [0x06, 0x0e, 0x2b, 0x34] {
        return;
    }
    let text = |words: &str| FieldValue::Text(words.to_owned());
    if tag == 0x3210 || tag == 0xe211 {
        match gamma_label(&label) {
            Some(curve) => said.value(Strength::Container, at, "color.gamma", text(curve), raw),
            None => said.unknown(Strength::Container, at, "color.gamma", "", &raw),
        }
    } else {
        match primaries_label(&label) {
            Some(gamut) => said.value(Strength::Container, at, "color.primaries", text(gamut), raw),
            None => said.unknown(Strength::Container, at, "color.primaries", "", &raw),
        }
    }
}

/// Transfer labels: the public register (group 04.01.01.01.01), Sony's (0e.06.04.01.01.01), ARRI's (0e.17.01.02.04) and Canon's
/// (0e.15.00.01).
pub(crate) fn gamma_label(label: &[u8; 16]) -> Option<&'static str> {
    Some(match label[8..16] {
        [0x04, 0x01, 0x01, 0x01, 0x01, 0x02, ..] => "Rec.709",
        [0x04, 0x01, 0x01, 0x01, 0x01, 0x06, ..] => "linear",
        [0x04, 0x01, 0x01, 0x01, 0x01, 0x0a, ..] => "PQ",
        [0x04, 0x01, 0x01, 0x01, 0x01, 0x0b, ..] => "HLG",
        [0x04, 0x01, 0x01, 0x01, 0x01, 0x10, ..] => "Canon Log 2",
        [0x04, 0x01, 0x01, 0x01, 0x01, 0x11, ..] => "Canon Log 3",
        [0x0e, 0x06, 0x04, 0x01, 0x01, 0x01, 0x05, 0x01] => "S-Log",
        [0x0e, 0x06, 0x04, 0x01, 0x01, 0x01, 0x05, 0x08] => "S-Log2",
        [0x0e, 0x06, 0x04, 0x01, 0x01, 0x01, 0x06, 0x04 | 0x05] => "S-Log3",
        [0x0e, 0x17, 0x01, 0x02, 0x04, 0x01, ..] => "ARRI LogC3",
        [0x0e, 0x17, 0x01, 0x02, 0x04, 0x02, ..] => "ARRI LogC4",
        [0x0e, 0x15, 0x00, 0x01, 0x01, ..] => "Canon Log",
        [0x0e, 0x15, 0x00, 0x01, 0x02, ..] => "Canon Log 2",
        [0x0e, 0x15, 0x00, 0x01, 0x07, ..] => "Canon Log 3",
        _ => return None,
    })
}

/// As `gamma_label`, for primaries.
pub(crate) fn primaries_label(label: &[u8; 16]) -> Option<&'static str> {
    Some(match label[8..16] {
        [0x04, 0x01, 0x01, 0x01, 0x03, 0x01, ..] => "SMPTE 170M",
        [0x04, 0x01, 0x01, 0x01, 0x03, 0x02, ..] => "BT.470 BG",
        [0x0e, 0x17, 0x01, 0x02, 0x03, 0x01, ..] => "ARRI Wide Gamut 3",
        [0x0e, 0x17, 0x01, 0x02, 0x03, 0x02, ..] => "ARRI Wide Gamut 4",
        [0x04, 0x01, 0x01, 0x01, 0x03, 0x03, ..] => "Rec.709",
        [0x04, 0x01, 0x01, 0x01, 0x03, 0x04, ..] => "Rec.2020",
        [0x04, 0x01, 0x01, 0x01, 0x03, 0x06, ..] => "P3-D65",
        [0x04, 0x01, 0x01, 0x01, 0x03, 0x07, ..] => "AP0",
        [0x04, 0x01, 0x01, 0x01, 0x03, 0x0e, ..] | [0x0e, 0x15, 0x00, 0x02, 0x02, ..] => "Cinema Gamut",
        [0x0e, 0x06, 0x04, 0x01, 0x01, 0x03, 0x01, 0x03] => "S-Gamut",
        [0x0e, 0x06, 0x04, 0x01, 0x01, 0x03, 0x01, 0x04] => "S-Gamut3",
        [0x0e, 0x06, 0x04, 0x01, 0x01, 0x03, 0x01, 0x05] => "S-Gamut3.Cine",
        _ => return None,
    })
}

fn tell_sony(said: &mut Statements, tag: u16, value: &[u8], at: &str) {
    match tag {
        0xe109 => said.text(Strength::Container, at, "look.name", &fixed_text(value)),
        0xe201 => {
            if let Some((t_stop, pupil)) = cooke_dynamic(value) {
                float(said, at, "lens.t_stop", t_stop, "Cooke /i".to_owned());
                float(said, at, "lens.entrance_pupil", pupil, "Cooke /i".to_owned());
            }
        }
        0xe301 => {
            if let Some(iso) = value.be32(0).filter(|iso| (1..10_000_000).contains(iso)) {
                int(said, at, "exposure.iso", i64::from(iso));
            }
        }
        // A byte whose meaning is not known, then the date in BCD; it is local time without its offset.
        0xe304 => {
            if let Some(digits) = value.get(1..8) {
                let raw: String = digits.iter().map(|byte| format!("{byte:02x}")).collect();
                if let Some(date) = date(&raw) {
                    said.value(Strength::Container, at, "time.recorded_at", FieldValue::Text(date), raw);
                }
            }
        }
        _ => {}
    }
}

/// Canon's tags of CNDM (`0E150004` sets).
fn tell_canon(said: &mut Statements, tag: u16, value: &[u8], at: &str) {
    let real = |at: usize| value.be32(at).map(f32::from_bits).map(f64::from).filter(|n| n.is_finite() && *n > 0.0 && *n < 1e6);
    match tag {
        0xe108 => said.text(Strength::Container, at, "lens.serial", &fixed_text(value)),
        0xe109 => said.text(Strength::Container, at, "lens.model", &fixed_text(value)),
        0xe119 => said.text(Strength::Container, at, "lens.make", &fixed_text(value)),
        0xe210 => said.text(Strength::Container, at, "look.name", &fixed_text(value)),
        0xe228 => said.text(Strength::Container, at, "camera.model", &fixed_text(value)),
        0xe229 => said.text(Strength::Container, at, "camera.serial", &fixed_text(value)),
        0xe22a => said.text(Strength::Container, at, "camera.firmware", &fixed_text(value)),
        0xe10d => {
            if let Some(raw) = value.be32(0).filter(|raw| *raw > 0 && *raw < 1_000_000) {
                float(said, at, "lens.focal_length", f64::from(raw) / 100.0, raw.to_string());
            }
        }
        0xe11e => {
            if let Some(number) = real(0) {
                float(said, at, "lens.focal_length", number, number.to_string());
            }
        }
        0xe115 => match real(0) {
            Some(number) => float(said, at, "lens.focus_distance", number, number.to_string()),
            None => said.unknown(
                Strength::Container,
                at,
                "lens.focus_distance",
                "m",
                &format!("{:02x?}", &value[..value.len().min(4)]),
            ),
        },
        // Billionths of a second.
        0xe20a => {
            if let Some(raw) = value.be32(0).filter(|raw| *raw > 0 && *raw != u32::MAX) {
                said.value(Strength::Container, at, "exposure.time", FieldValue::Float(f64::from(raw) / 1e9), raw.to_string());
            }
        }
        0xe22b => {
            if let Some((raw, value)) = value.be16(0).and_then(|raw| ratio(f64::from(raw) / 100.0).map(|value| (raw, value))) {
                said.value(Strength::Container, at, "lens.squeeze", value, raw.to_string());
            }
        }
        0xe211 | 0xe212 => tell_label(said, tag, value, at),
        _ => {}
    }
}

/// The acquisition tags in the payload of an ST 436 element: packets of RDD 18 (DID 43, SDID 05), put together in their order.
pub(crate) fn from_st436(payload: &[u8]) -> Vec<u8> {
    let mut joined = Vec::new();
    let Some(packets) = payload.be16(0) else { return joined };
    let mut at = 2usize;
    for _ in 0..packets {
        // Line, wrapping, sample coding, sample count, then an array with its count and item size.
        let (Some(samples), Some(count), Some(size)) = (payload.be16(at + 4), payload.be32(at + 6), payload.be32(at + 10)) else {
            break;
        };
        let Some(bytes) = (count as usize).checked_mul(size as usize) else { break };
        at += 14;
        let Some(array) = at.checked_add(bytes).and_then(|end| payload.get(at..end)) else { break };
        let data = &array[..array.len().min(usize::from(samples))];
        if let [0x43, 0x05, words, _, rest @ ..] = data {
            // The count of user words includes the byte of the packet's own number.
            let length = usize::from(*words).saturating_sub(1).min(rest.len());
            joined.extend_from_slice(&rest[..length]);
        }
        at += bytes;
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(id: u16, value: &[u8]) -> Vec<u8> {
        [&id.to_be_bytes()[..], &(value.len() as u16).to_be_bytes(), value].concat()
    }

    #[test]
    fn a_frame_of_rdd_18_is_read_in_its_units() {
        let key = [0x06, 0x0e, 0x2b, 0x34, 0x02, 0x53, 1, 1, 0x0c, 2, 1, 1, 1, 1, 0, 0];
        let lens = [
            // 2^(8(1-49152/65536)) = 4; 35 mm as 35e-3 m; 2.5 m as 25e-1 m.
            tag(0x8000, &49_152u16.to_be_bytes()),
            tag(0x8005, &[0xd0, 35]),
            tag(0x8001, &[0xf0, 25]),
        ]
        .concat();
        let set = [&key[..], &[0x83, 0, 0, lens.len() as u8], &lens].concat();
        let camera = [
            tag(0x8103, &64u16.to_be_bytes()),
            tag(0x8104, &36_200u16.to_be_bytes()),
            tag(0x8105, &19_100u16.to_be_bytes()),
            tag(0x8108, &(180u32 * 60).to_be_bytes()),
            tag(0x810e, &5600u16.to_be_bytes()),
            tag(0x8115, &800u16.to_be_bytes()),
            tag(0x3210, &[0x06, 0x0e, 0x2b, 0x34, 4, 1, 1, 6, 0x0e, 0x06, 0x04, 0x01, 0x01, 0x01, 0x06, 0x04]),
        ]
        .concat();
        let all = [set, camera].concat();
        let mut said = Statements::default();
        tell(&mut said, &tags(&all), Maker::Sony, "test");
        let record = said.into_record("x");
        for (field, want) in [
            ("lens.f_stop", "4"),
            ("lens.focal_length", "35"),
            ("lens.focus_distance", "2.5"),
            ("filter.nd", "6"),
            ("sensor.active_mm", "36.2 19.1"),
            ("exposure.shutter_angle", "180"),
            ("wb.kelvin", "5600"),
            ("exposure.index", "800"),
            ("color.gamma", "S-Log3"),
        ] {
            assert_eq!(record.text(field), want, "{field}");
        }
        assert!(record.fields["lens.f_stop"].per_frame && !record.fields["color.gamma"].per_frame);
    }

    #[test]
    fn packets_of_one_frame_are_put_together() {
        let packet = |data: &[u8]| {
            let mut bytes = vec![0, 9, 1, 4];
            bytes.extend_from_slice(&(data.len() as u16).to_be_bytes());
            bytes.extend_from_slice(&(data.len() as u32).to_be_bytes());
            bytes.extend_from_slice(&1u32.to_be_bytes());
            bytes.extend_from_slice(data);
            bytes
        };
        let payload = [
            vec![0, 3],
            packet(&[0x43, 5, 4, 1, b'a', b'b', b'c', 99]),
            packet(&[0x41, 7, 1, 0]),
            packet(&[0x43, 5, 2, 2, b'd']),
        ]
        .concat();
        assert_eq!(from_st436(&payload), b"abcd");
        assert_eq!(from_st436(&payload[..20]), b"");
        assert_eq!(half(0x3c00), 1.0);
        assert_eq!(half(0x3800), 0.5);
    }
}
