//! Owns reading lossless JPEG (ITU-T T.81, process 14, SOF3), as DNG carries it: one scan, Huffman codes, predictors 1 to 7, no
//! subsampling, no restarts. Must never allocate more samples than it was told to expect.

/// Samples of all components, interleaved, line by line.
pub(crate) fn decode(bytes: &[u8], most_samples: usize) -> Result<Vec<u16>, String> {
    let mut head = Head::default();
    let data = head.read(bytes)?;
    let (lines, across) = (head.lines, head.columns * head.components);
    if lines == 0 || across == 0 || lines.saturating_mul(across) > most_samples {
        return Err(format!(
            "lossless JPEG of {} by {lines} in {} components, not what was announced",
            head.columns, head.components
        ));
    }
    let tables = head.tables()?;
    let parts = head.components;
    let mut bits = Bits { bytes: data, at: 0, held: 0, count: 0 };
    let mut out = vec![0_u16; lines * across];
    let first = 1_i32 << (head.precision - head.shift - 1);
    for line in 0..lines {
        for place in 0..across {
            let now = line * across + place;
            let left = |out: &[u16]| i32::from(out[now - parts]);
            let above = |out: &[u16]| i32::from(out[now - across]);
            let predicted = match (line, place >= parts) {
                (0, false) => first,
                (0, true) => left(&out),
                (_, false) => above(&out),
                (_, true) => {
                    let (a, b, c) = (left(&out), above(&out), i32::from(out[now - across - parts]));
                    match head.predictor {
                        1 => a,
                        2 => b,
                        3 => c,
                        4 => a + b - c,
                        5 => a + ((b - c) >> 1),
                        6 => b + ((a - c) >> 1),
                        _ => (a + b) >> 1,
                    }
                }
            };
            // Differences are taken modulo 2^16 (T.81, H.1.2.1).
            out[now] = (predicted + tables[place % parts].difference(&mut bits)?) as u16;
        }
    }
    if head.shift > 0 {
        for sample in &mut out {
            *sample <<= head.shift;
        }
    }
    Ok(out)
}

#[derive(Default)]
struct Head {
    precision: u32,
    lines: usize,
    columns: usize,
    components: usize,
    /// Component ids in the order of the frame.
    ids: Vec<u8>,
    /// Huffman table of each component of the scan.
    chosen: Vec<usize>,
    huffman: [Option<Vec<u8>>; 4],
    predictor: u8,
    shift: u32,
}

impl Head {
    /// Reads up to the scan and gives the scan's bytes.
    fn read<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], String> {
        if !bytes.starts_with(&[0xff, 0xd8]) {
            return Err("no JPEG".to_owned());
        }
        let cut = || "lossless JPEG: the header is cut short".to_owned();
        let mut at = 2;
        loop {
            let [marker, kind] = *bytes.get(at..at + 2).and_then(|two| <&[u8; 2]>::try_from(two).ok()).ok_or_else(cut)?;
            if marker != 0xff {
                return Err("lossless JPEG: a marker is missing".to_owned());
            }
            if kind == 0xff {
                at += 1;
                continue;
            }
            let length =
                bytes.get(at + 2..at + 4).map(|two| usize::from(u16::from_be_bytes([two[0], two[1]]))).ok_or_else(cut)?;
            let part = bytes.get(at + 4..at + 2 + length.max(2)).ok_or_else(cut)?;
            match kind {
                0xc3 => self.frame(part)?,
                0xc4 => self.codes(part)?,
                0xda => {
                    self.scan(part)?;
                    return Ok(&bytes[at + 2 + length..]);
                }
                0xdd if part.iter().any(|byte| *byte != 0) => {
                    return Err("lossless JPEG with restarts is not supported".to_owned());
                }
                0xc0..=0xcf => return Err(format!("JPEG process {kind:#x} is not the lossless one")),
                0xd9 => return Err("lossless JPEG: there is no scan".to_owned()),
                _ => {}
            }
            at += 2 + length.max(2);
        }
    }

    fn frame(&mut self, part: &[u8]) -> Result<(), String> {
        let bad = || "lossless JPEG: the frame header makes no sense".to_owned();
        let [precision, y0, y1, x0, x1, components] = *part.first_chunk::<6>().ok_or_else(bad)?;
        self.precision = u32::from(precision);
        self.lines = usize::from(u16::from_be_bytes([y0, y1]));
        self.columns = usize::from(u16::from_be_bytes([x0, x1]));
        self.components = usize::from(components);
        if !(2..=16).contains(&self.precision) || !(1..=4).contains(&self.components) || part.len() < 6 + 3 * self.components {
            return Err(bad());
        }
        let parts = part[6..].chunks_exact(3).take(self.components);
        if parts.clone().any(|component| component[1] != 0x11) {
            return Err("lossless JPEG with subsampling is not supported".to_owned());
        }
        self.ids = parts.map(|component| component[0]).collect();
        Ok(())
    }

    fn codes(&mut self, mut part: &[u8]) -> Result<(), String> {
        while !part.is_empty() {
            let bad = || "lossless JPEG: a table of codes makes no sense".to_owned();
            let place = usize::from(part[0] & 0x0f);
            let counts = part.get(1..17).ok_or_else(bad)?;
            let values: usize = counts.iter().map(|count| usize::from(*count)).sum();
            let table = part.get(1..17 + values).ok_or_else(bad)?;
            *self.huffman.get_mut(place).ok_or_else(bad)? = Some(table.to_vec());
            part = &part[17 + values..];
        }
        Ok(())
    }

    fn scan(&mut self, part: &[u8]) -> Result<(), String> {
        let bad = || "lossless JPEG: the scan header makes no sense".to_owned();
        let count = usize::from(*part.first().ok_or_else(bad)?);
        let end = part.get(1 + 2 * count..4 + 2 * count).ok_or_else(bad)?;
        if count != self.components || count == 0 {
            return Err("lossless JPEG with more than one scan is not supported".to_owned());
        }
        for (index, chosen) in part[1..].chunks_exact(2).take(count).enumerate() {
            if self.ids.get(index) != Some(&chosen[0]) {
                return Err(bad());
            }
            self.chosen.push(usize::from(chosen[1] >> 4));
        }
        (self.predictor, self.shift) = (end[0], u32::from(end[2] & 0x0f));
        if !(1..=7).contains(&self.predictor) || self.shift >= self.precision {
            return Err(bad());
        }
        Ok(())
    }

    fn tables(&self) -> Result<Vec<Codes>, String> {
        self.chosen
            .iter()
            .map(|place| {
                let table = self.huffman.get(*place).and_then(Option::as_ref);
                Codes::new(table.ok_or_else(|| "lossless JPEG: a table of codes is missing".to_owned())?)
            })
            .collect()
    }
}

/// Length and value for every sixteen bits that can come; length 0 where there is no code.
struct Codes(Vec<(u8, u8)>);

impl Codes {
    fn new(table: &[u8]) -> Result<Self, String> {
        let mut all = vec![(0_u8, 0_u8); 1 << 16];
        let (counts, values) = table.split_at(16);
        let (mut next, mut value) = (0_usize, values.iter());
        for (length, count) in (1_u8..).zip(counts) {
            let span = 1_usize << (16 - length);
            for _ in 0..*count {
                let (Some(value), true) = (value.next(), next + span <= all.len()) else {
                    return Err("lossless JPEG: there are more codes than bits".to_owned());
                };
                all[next..next + span].fill((length, *value));
                next += span;
            }
        }
        Ok(Self(all))
    }

    fn difference(&self, bits: &mut Bits<'_>) -> Result<i32, String> {
        let (length, size) = self.0[bits.peek16() as usize];
        if length == 0 || size > 16 {
            return Err("lossless JPEG: a code that does not exist".to_owned());
        }
        bits.skip(u32::from(length))?;
        if size == 0 {
            return Ok(0);
        }
        if size == 16 {
            return Ok(32_768);
        }
        let size = u32::from(size);
        let value = (bits.peek16() >> (16 - size)) as i32;
        bits.skip(size)?;
        Ok(if value < 1 << (size - 1) { value - (1 << size) + 1 } else { value })
    }
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
}

impl Bits<'_> {
    /// The next sixteen bits; zeros beyond the end.
    fn peek16(&mut self) -> u32 {
        while self.count < 16 {
            // A marker ends the scan; a stuffed zero belongs to the byte before it.
            let Some(byte) = self.bytes.get(self.at).copied() else { break };
            if byte == 0xff {
                if self.bytes.get(self.at + 1) != Some(&0) {
                    break;
                }
                self.at += 1;
            }
            self.at += 1;
            self.held = (self.held << 8) | u64::from(byte);
            self.count += 8;
        }
        let held = self.held & ((1 << self.count) - 1);
        if self.count >= 16 { (held >> (self.count - 16)) as u32 } else { (held << (16 - self.count)) as u32 }
    }

    fn skip(&mut self, bits: u32) -> Result<(), String> {
        self.count = self.count.checked_sub(bits).ok_or_else(|| "lossless JPEG: the scan is cut short".to_owned())?;
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A lossless JPEG of `samples`, with codes of five bits for each size; written from T.81, not from the reader.
    pub(crate) fn encode(samples: &[u16], columns: usize, components: usize, precision: u8, predictor: u8) -> Vec<u8> {
        let across = columns * components;
        let lines = samples.len() / across;
        let mut out = vec![0xff, 0xd8, 0xff, 0xc3];
        out.extend((8 + 3 * components as u16).to_be_bytes());
        out.push(precision);
        out.extend((lines as u16).to_be_bytes());
        out.extend((columns as u16).to_be_bytes());
        out.push(components as u8);
        (0..components).for_each(|id| out.extend([id as u8, 0x11, 0]));
        out.extend([0xff, 0xc4, 0, 36, 0]);
        out.extend((1..=16).map(|length| if length == 5 { 17 } else { 0 }));
        out.extend(0..=16);
        out.extend([0xff, 0xda]);
        out.extend((6 + 2 * components as u16).to_be_bytes());
        out.push(components as u8);
        (0..components).for_each(|id| out.extend([id as u8, 0]));
        out.extend([predictor, 0, 0]);
        let (mut held, mut count) = (0_u64, 0_u32);
        let mut put = |out: &mut Vec<u8>, value: u32, bits: u32| {
            held = (held << bits) | u64::from(value);
            count += bits;
            while count >= 8 {
                count -= 8;
                let byte = (held >> count) as u8;
                out.push(byte);
                if byte == 0xff {
                    out.push(0);
                }
            }
        };
        for (now, sample) in samples.iter().enumerate() {
            let (line, place) = (now / across, now % across);
            let at = |index: usize| i32::from(samples[index]);
            let predicted = match (line, place < components) {
                (0, true) => 1 << (precision - 1),
                (0, false) => at(now - components),
                (_, true) => at(now - across),
                _ => {
                    let (a, b, c) = (at(now - components), at(now - across), at(now - across - components));
                    [0, a, b, c, a + b - c, a + ((b - c) >> 1), b + ((a - c) >> 1), (a + b) >> 1][usize::from(predictor)]
                }
            };
            let difference = i32::from((i32::from(*sample) - predicted) as i16);
            let difference = if difference == -32_768 { 32_768 } else { difference };
            let size = 32 - difference.unsigned_abs().leading_zeros();
            put(&mut out, size, 5);
            if (1..16).contains(&size) {
                put(&mut out, (if difference < 0 { difference + (1 << size) - 1 } else { difference }) as u32, size);
            }
        }
        put(&mut out, 0x7f, 7);
        out.extend([0xff, 0xd9]);
        out
    }

    proptest! {
        #[test]
        fn every_predictor_brings_back_its_samples(
            seed in proptest::collection::vec(any::<u16>(), 48), predictor in 1_u8..=7, components in 1_usize..=4, precision in 12_u8..=16
        ) {
            let mask = ((1_u32 << precision) - 1) as u16;
            let samples: Vec<u16> = seed.iter().map(|sample| sample & mask).collect();
            let columns = 12 / components;
            let samples = &samples[..columns * components * 4];
            let bytes = encode(samples, columns, components, precision, predictor);
            prop_assert_eq!(decode(&bytes, 48).unwrap(), samples);
        }

        #[test]
        fn noise_and_cuts_are_read_or_refused(cut in 0_usize..200, noise in proptest::collection::vec((0_usize..200, any::<u8>()), 0..6)) {
            let mut bytes = encode(&[700; 48], 12, 1, 12, 1);
            for (at, value) in noise {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
            }
            bytes.truncate(bytes.len().saturating_sub(cut));
            let _ = decode(&bytes, 4096);
        }
    }

    #[test]
    fn more_samples_than_announced_are_refused() {
        let bytes = encode(&[700; 48], 12, 1, 12, 1);
        assert!(decode(&bytes, 47).is_err());
        assert!(decode(&bytes[..bytes.len() - 8], 48).is_err());
    }
}
