//! Owns reading Cineon pictures (Kodak, "Cineon Digital Film: 4.5"): three interleaved channels of 10 bits in words of 32. The values
//! are printing densities; which colour space they stand for is a person's to say.

use crate::dpx::Header;

/// Bytes of the header that are read.
pub(crate) const HEADER_BYTES: usize = 712;
pub(crate) const MAGIC: [u8; 4] = [0x80, 0x2a, 0x5f, 0xd7];

/// The header, in the words of the DPX reader: the pixels lie as DPX method A packs them.
pub(crate) fn header(bytes: &[u8]) -> Result<Header, String> {
    let head = bytes.get(..HEADER_BYTES).ok_or_else(|| format!("{} bytes are too few for a Cineon header", bytes.len()))?;
    let big_endian = match <[u8; 4]>::try_from(&head[..4]) {
        Ok(MAGIC) => true,
        Ok([0xd7, 0x5f, 0x2a, 0x80]) => false,
        _ => return Err("no Cineon magic number".to_owned()),
    };
    let word = |at: usize| {
        let four = [head[at], head[at + 1], head[at + 2], head[at + 3]];
        if big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
    };
    let channels = usize::from(head[193]);
    if channels != 3 {
        return Err(format!("Cineon with {channels} channels is not supported"));
    }
    let (width, height, bits) = (word(200), word(204), head[198]);
    let same = (0..channels).all(|channel| {
        let at = 196 + 28 * channel;
        (word(at + 4), word(at + 8), head[at + 2]) == (width, height, bits)
    });
    if !same || width == 0 || height == 0 || width > 65_536 || height > 65_536 {
        return Err(format!("a picture of {width} by {height} pixels"));
    }
    let (interleave, packing) = (head[680], head[681] & 0x7f);
    if interleave != 0 || bits != 10 || packing != 5 {
        return Err(format!("Cineon of {bits} bits with interleave {interleave} and packing {packing} is not supported"));
    }
    let padding = |at: usize| match word(at) {
        u32::MAX => 0,
        padding => padding,
    };
    if padding(684) > 65_536 {
        return Err(format!("{} bytes of line padding", padding(684)));
    }
    let data_offset = word(4);
    if data_offset == u32::MAX || (data_offset as usize) < HEADER_BYTES {
        return Err(format!("the picture cannot begin at byte {data_offset}"));
    }
    Ok(Header {
        big_endian,
        width: width as usize,
        height: height as usize,
        components: 3,
        bits: 10,
        packing: 1,
        transfer: 1,
        data_offset: u64::from(data_offset),
        line_padding: padding(684) as usize,
        order: [0, 1, 2],
    })
}
