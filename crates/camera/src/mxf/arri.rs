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
