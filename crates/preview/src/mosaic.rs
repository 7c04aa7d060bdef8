//! Owns a sensor's mosaic: unpacking its samples and making a picture of half the size, one pixel for each two by two, without
//! interpolation: every value of the picture was measured by the sensor.

/// Which colour (0 red, 1 green, 2 blue) stands at each place of two by two, line by line.
pub(crate) type Pattern = [u8; 4];

/// Whether it holds red once, green twice, blue once.
pub(crate) fn is_bayer(pattern: &Pattern) -> bool {
    let count = |colour: u8| pattern.iter().filter(|place| **place == colour).count();
    (count(0), count(1), count(2)) == (1, 2, 1)
}

/// Samples of one line, most significant bit first, as TIFF packs them.
pub(crate) fn unpack_msb(line: &[u8], bits: u32, out: &mut [u16]) {
    let (mut held, mut count, mut at) = (0_u32, 0_u32, 0_usize);
    for sample in out {
        while count < bits {
            held = (held << 8) | u32::from(line.get(at).copied().unwrap_or(0));
            at += 1;
            count += 8;
        }
        count -= bits;
        *sample = ((held >> count) & ((1 << bits) - 1)) as u16;
        held &= (1 << count) - 1;
    }
}

/// Twelve-bit samples, most significant first in little-endian words of 32 bits: eight samples in three words.
pub(crate) fn unpack_12_in_words(bytes: &[u8], out: &mut [u16]) {
    let mut turned = [0_u8; 12];
    for (samples, words) in out.chunks_mut(8).zip(bytes.chunks_exact(12)) {
        for (to, from) in turned.chunks_exact_mut(4).zip(words.chunks_exact(4)) {
            to.copy_from_slice(&[from[3], from[2], from[1], from[0]]);
        }
        unpack_msb(&turned, 12, samples);
    }
}

/// Part of a mosaic, in samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) top: usize,
    pub(crate) left: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// One pixel for each two by two samples of `area`; `value` gives a sample's value from its line and column in the mosaic.
/// The pattern begins at the area's corner.
pub(crate) fn half_size(area: Area, pattern: &Pattern, value: impl Fn(usize, usize) -> f32) -> (usize, usize, Vec<[f32; 3]>) {
    let (width, height) = (area.width / 2, area.height / 2);
    let mut rgb = Vec::with_capacity(width * height);
    for line in 0..height {
        for column in 0..width {
            let mut pixel = [0.0_f32; 3];
            for (place, colour) in pattern.iter().enumerate() {
                let sample = value(area.top + 2 * line + place / 2, area.left + 2 * column + place % 2);
                pixel[usize::from(*colour)] += if *colour == 1 { 0.5 * sample } else { sample };
            }
            rgb.push(pixel);
        }
    }
    (width, height, rgb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_come_out_of_their_packing() {
        let mut out = [0; 4];
        unpack_msb(&[0xab, 0xcd, 0xef, 0x12, 0x34, 0x56], 12, &mut out);
        assert_eq!(out, [0xabc, 0xdef, 0x123, 0x456]);
        unpack_msb(&[0b1010_1010, 0b1111_0000, 0b0000_1111, 0b1100_0011, 0b0101_0101], 10, &mut out);
        assert_eq!(out, [0b10_1010_1011, 0b11_0000_0000, 0b11_1111_0000, 0b11_0101_0101]);
        // The example of eight samples 0x000 to 0x777 in three little-endian words.
        let words: Vec<u8> = [0x0001_1122_u32, 0x2333_4445, 0x5566_6777].iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut eight = [0; 8];
        unpack_12_in_words(&words, &mut eight);
        assert_eq!(eight, [0x000, 0x111, 0x222, 0x333, 0x444, 0x555, 0x666, 0x777]);
    }

    #[test]
    fn a_pixel_is_made_of_its_own_four_samples() {
        let area = Area { top: 2, left: 2, width: 4, height: 2 };
        let (width, height, rgb) = half_size(area, &[1, 0, 2, 1], |line, column| (10 * line + column) as f32);
        assert_eq!((width, height), (2, 1));
        assert_eq!(rgb, [[23.0, 27.5, 32.0], [25.0, 29.5, 34.0]]);
    }
}
