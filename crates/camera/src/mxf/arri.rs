//! Owns what ARRI's own sets in MXF say of a clip (SMPTE RDD 54 and RDD 55): processing, colour, sensor, framing of the sensor. Labels as
//! a public implementation of both documents has them; sets built in the tests, not verified on camera files. Values of single frames
//! are not described in public and are not read.

use super::header::LocalSet;
use crate::source::Numbers;
use std::collections::HashMap;

/// What the sets say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ArriFacts {
    /// Transfer curve and primaries of the recorded picture, as labels.
    pub(crate) transfer: Option<[u8; 16]>,
    pub(crate) primaries: Option<[u8; 16]>,
    /// Slope, offset and power of red, green and blue.
    pub(crate) cdl: Option<[f32; 9]>,
    pub(crate) saturation: Option<f32>,
    pub(crate) look: Option<String>,
    pub(crate) sensor: Option<String>,
    /// Distance of two photosites in micrometres.
    pub(crate) pixel_pitch_um: Option<f32>,
    /// Photosites that were recorded.
    pub(crate) recorded: Option<(u32, u32)>,
    pub(crate) flip: bool,
    pub(crate) flop: bool,
}

/// Sets and properties below `0e.17.01`, by their next three bytes.
const CLIP: [u8; 3] = [0x02, 0x0b, 0x00];
const COLOUR_PROCESSING: [u8; 3] = [0x02, 0x0a, 0x00];
const COLOUR_ENCODING: [u8; 3] = [0x02, 0x08, 0x00];
const SENSOR: [u8; 3] = [0x02, 0x07, 0x00];
const RECTANGLE: [u8; 3] = [0x02, 0x06, 0x00];
const PROCESSING: [u8; 3] = [0x02, 0x01, 0x00];
const RAW_PROCESSING: [u8; 3] = [0x01, 0x01, 0x00];

fn is(set: &LocalSet<'_>, what: [u8; 3]) -> bool {
    set.own[..3] == [0x0e, 0x17, 0x01] && set.own[3..6] == what
}

/// A property of ARRI's by the group and number of its label.
fn property<'a>(set: &LocalSet<'a>, group: u8, number: u8) -> Option<&'a [u8]> {
    set.labelled.get(&[0x0e, 0x17, 0x01, 0x02, group, number, 0, 0]).copied()
}

/// The one set a property refers to.
fn referred<'a, 'b>(
    set: &LocalSet<'a>,
    group: u8,
    number: u8,
    by_id: &HashMap<[u8; 16], &'b LocalSet<'a>>,
) -> Option<&'b LocalSet<'a>> {
    let id: [u8; 16] = property(set, group, number)?.get(..16)?.try_into().ok()?;
    by_id.get(&id).copied()
}

fn float(value: &[u8]) -> Option<f32> {
    value.be32(0).map(f32::from_bits).filter(|number| number.is_finite() && number.abs() < 1e6)
}

/// An array (count, size of one, values) of three.
fn three(value: &[u8]) -> Option<[f32; 3]> {
    let values = if value.be32(0) == Some(3) && value.be32(4) == Some(4) { value.get(8..20)? } else { value.get(..12)? };
    Some([float(values)?, float(&values[4..])?, float(&values[8..])?])
}

/// Reads the sets where there are any.
pub(super) fn facts(sets: &[LocalSet<'_>], by_id: &HashMap<[u8; 16], &LocalSet<'_>>) -> Option<ArriFacts> {
    if !sets.iter().any(|set| set.own[..3] == [0x0e, 0x17, 0x01]) {
        return None;
    }
    let mut facts = ArriFacts::default();
    let first = |what: [u8; 3]| sets.iter().find(|set| is(set, what));
    let clip = first(CLIP);
    let colour = clip.and_then(|clip| referred(clip, 0x0b, 0x02, by_id)).or_else(|| first(COLOUR_PROCESSING));
    if let Some(colour) = colour {
        let encoding = referred(colour, 0x0a, 0x02, by_id).or_else(|| first(COLOUR_ENCODING));
        let label = |number: u8| property(encoding?, 0x08, number)?.get(..16)?.try_into().ok();
        (facts.primaries, facts.transfer) = (label(0x01), label(0x02));
        let parts = [0x06, 0x07, 0x08].map(|number| property(colour, 0x0a, number).and_then(three));
        if let [Some(slope), Some(offset), Some(power)] = parts {
            let mut numbers = [0.0; 9];
            for (place, number) in numbers.iter_mut().zip(slope.into_iter().chain(offset).chain(power)) {
                *place = number;
            }
            facts.cdl = Some(numbers);
        }
        facts.saturation = property(colour, 0x0a, 0x09).and_then(float);
        facts.look = property(colour, 0x0a, 0x0b).and_then(super::header::utf16);
    }
    if let Some(sensor) = clip.and_then(|clip| referred(clip, 0x0b, 0x01, by_id)).or_else(|| first(SENSOR)) {
        facts.sensor = property(sensor, 0x07, 0x01).and_then(super::header::utf16);
        facts.pixel_pitch_um = property(sensor, 0x07, 0x02).and_then(float).filter(|pitch| (0.5..50.0).contains(pitch));
        let used = referred(sensor, 0x07, 0x04, by_id).or_else(|| first(RECTANGLE));
        let side = |number: u8| property(used?, 0x06, number)?.be16(0).map(u32::from).filter(|side| *side > 0);
        facts.recorded = side(0x03).zip(side(0x04));
    }
    if let Some(processing) = first(PROCESSING).or_else(|| first(RAW_PROCESSING)) {
        let set = |number: u8| property(processing, 0x01, number).and_then(<[u8]>::first).is_some_and(|byte| *byte != 0);
        (facts.flip, facts.flop) = (set(0x03), set(0x04));
    }
    Some(facts)
}

#[cfg(test)]
mod tests {
    use super::super::header::{read_sets, sets};

    const UL: [u8; 4] = [0x06, 0x0e, 0x2b, 0x34];

    fn klv(key: &[u8], value: &[u8]) -> Vec<u8> {
        let mut bytes = key.to_vec();
        bytes.push(0x83);
        bytes.extend(&(value.len() as u32).to_be_bytes()[1..]);
        bytes.extend(value);
        bytes
    }

    fn own(group: u8, number: u8) -> Vec<u8> {
        [&UL[..], &[1, 1, 1, 0x0e, 0x0e, 0x17, 0x01, 0x02, group, number, 0, 0]].concat()
    }

    fn set(group: u8, id: u8, items: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let key = [&UL[..], &[2, 0x53, 1, 1, 0x0e, 0x17, 0x01, 0x02, group, 0, 0, 0]].concat();
        let mut value = [0x3c, 0x0a, 0, 16].to_vec();
        value.extend([id; 16]);
        for (tag, item) in items {
            value.extend(tag.to_be_bytes());
            value.extend((item.len() as u16).to_be_bytes());
            value.extend(item);
        }
        klv(&key, &value)
    }

    fn floats(numbers: &[f32]) -> Vec<u8> {
        let mut bytes = [(numbers.len() as u32).to_be_bytes(), 4u32.to_be_bytes()].concat();
        bytes.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
        bytes
    }

    /// Tags from 0x8000 on are given out here in the order of the properties, as a camera would.
    fn header() -> Vec<u8> {
        let properties = [
            (0x0b, 1),
            (0x0b, 2),
            (0x0a, 2),
            (0x0a, 6),
            (0x0a, 7),
            (0x0a, 8),
            (0x0a, 9),
            (0x0a, 0x0b),
            (0x08, 1),
            (0x08, 2),
            (0x07, 2),
            (0x07, 4),
            (0x06, 3),
            (0x06, 4),
            (0x01, 4),
            (0x07, 1),
        ];
        let tag = |property: (u8, u8)| 0x8000 + properties.iter().position(|known| *known == property).expect("listed") as u16;
        let mut primer = [(properties.len() as u32).to_be_bytes(), 18u32.to_be_bytes()].concat();
        for (group, number) in properties {
            primer.extend(tag((group, number)).to_be_bytes());
            primer.extend(own(group, number));
        }
        let label = |group: u8, number: u8| [&UL[..], &[4, 1, 1, 0x0d, 0x0e, 0x17, 0x01, 0x02, group, number, 0, 0]].concat();
        let words: Vec<u8> = "K445_Night".encode_utf16().flat_map(u16::to_be_bytes).collect();
        [
            klv(&[&UL[..], &[2, 5, 1, 1, 0x0d, 1, 2, 1, 1, 5, 1, 0]].concat(), &primer),
            set(0x0b, 1, &[(tag((0x0b, 1)), vec![4; 16]), (tag((0x0b, 2)), vec![2; 16])]),
            set(
                0x0a,
                2,
                &[
                    (tag((0x0a, 2)), vec![3; 16]),
                    (tag((0x0a, 6)), floats(&[1.1, 1.0, 0.9])),
                    (tag((0x0a, 7)), floats(&[0.0, 0.0, 0.01])),
                    (tag((0x0a, 8)), floats(&[1.0, 1.0, 1.0])),
                    (tag((0x0a, 9)), 0.9f32.to_be_bytes().to_vec()),
                    (tag((0x0a, 0x0b)), words),
                ],
            ),
            set(0x08, 3, &[(tag((0x08, 1)), label(3, 2)), (tag((0x08, 2)), label(4, 2))]),
            set(0x07, 4, &[(tag((0x07, 2)), 6.075f32.to_be_bytes().to_vec()), (tag((0x07, 4)), vec![5; 16])]),
            set(0x06, 5, &[(tag((0x06, 3)), 4608u16.to_be_bytes().to_vec()), (tag((0x06, 4)), 3164u16.to_be_bytes().to_vec())]),
            set(0x01, 6, &[(tag((0x01, 4)), vec![1])]),
        ]
        .concat()
    }

    #[test]
    fn sets_of_arri_are_read_by_what_the_primer_says() {
        let bytes = header();
        let facts = read_sets(&sets(&bytes)).arri.expect("sets of ARRI");
        assert_eq!(facts.transfer.map(|label| label[12..14].to_vec()), Some(vec![4, 2]));
        assert_eq!(facts.primaries.map(|label| label[12..14].to_vec()), Some(vec![3, 2]));
        assert_eq!(facts.cdl, Some([1.1, 1.0, 0.9, 0.0, 0.0, 0.01, 1.0, 1.0, 1.0]));
        assert_eq!((facts.saturation, facts.look.as_deref()), (Some(0.9), Some("K445_Night")));
        assert_eq!((facts.pixel_pitch_um, facts.recorded), (Some(6.075), Some((4608, 3164))));
        assert_eq!((facts.flip, facts.flop), (false, true));
        // Without the primer the tags mean nothing, and a cut ends quietly.
        let primer_bytes = 16 + 4 + 8 + 16 * 18;
        assert_eq!(read_sets(&sets(&bytes[primer_bytes..])).arri.map(|facts| facts.cdl), Some(None));
        for cut in 0..bytes.len() {
            let _ = read_sets(&sets(&bytes[..cut]));
        }
    }
}
