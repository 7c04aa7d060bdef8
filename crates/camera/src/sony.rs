//! Owns Sony's XML: NonRealTimeMeta (`…M01.XML`) of a clip and MEDIAPRO.XML of a card. Names are matched without their
//! namespace, whose version varies.

use crate::xml::{attribute, child, parse, text_of};
use checkgate_model::{FrameRate, Timecode};

/// Decodes the byte-reversed BCD of a Sony LTC entry: `19044716` is 16:47:04:19. Bit 0x40 of the frames byte is drop-frame,
/// bit 0x80 of the seconds byte the second half of a frame pair. Gives frames of the counting base and the half step.
#[must_use]
pub fn ltc_from_sony_bcd(text: &str, nominal: u32) -> Option<(Timecode, bool)> {
    let text = text.trim();
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let byte = |at: usize| u32::from_str_radix(&text[at..at + 2], 16).ok();
    let bcd = |byte: u32, tens_mask: u32| {
        let (tens, ones) = (byte >> 4 & tens_mask, byte & 0xf);
        (ones < 10).then_some(tens * 10 + ones)
    };
    let (frames, seconds, minutes, hours) = (byte(0)?, byte(2)?, byte(4)?, byte(6)?);
    let drop = frames & 0x40 != 0;
    let separator = if drop { ';' } else { ':' };
    let label =
        format!("{:02}:{:02}:{:02}{separator}{:02}", bcd(hours, 0x3)?, bcd(minutes, 0x7)?, bcd(seconds, 0x7)?, bcd(frames, 0x3)?);
    Timecode::parse(&label, nominal).ok().map(|code| (code, seconds & 0x80 != 0))
}

/// One NonRealTimeMeta document.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct NonRealTimeMeta {
    pub(crate) umid: Option<String>,
    pub(crate) duration_frames: Option<i64>,
    pub(crate) created: Option<String>,
    pub(crate) timecode_start: Option<(String, String)>,
    pub(crate) timecode_end: Option<(String, String)>,
    pub(crate) timecode_rate: Option<FrameRate>,
    pub(crate) drop_frame: Option<bool>,
    pub(crate) codec: Option<String>,
    pub(crate) capture_rate: Option<String>,
    pub(crate) format_rate: Option<String>,
    pub(crate) size: Option<(i64, i64)>,
    pub(crate) audio_channels: Option<i64>,
    pub(crate) audio_codec: Option<String>,
    pub(crate) audio_rate: Option<String>,
    pub(crate) flip: Option<String>,
    pub(crate) user_bits: Option<String>,
    /// Maker and model of the recorder, where a camera of its own is named beside it.
    pub(crate) recorder: Option<String>,
    pub(crate) manufacturer: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) firmware: Option<String>,
    pub(crate) lens_manufacturer: Option<String>,
    pub(crate) lens_model: Option<String>,
    /// `Item` and `Meta` pairs: name and text.
    pub(crate) items: Vec<(String, String)>,
}

impl NonRealTimeMeta {
    pub(crate) fn item(&self, name: &str) -> Option<&str> {
        self.items.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a NonRealTimeMeta document; `None` if it is none.
pub(crate) fn non_real_time_meta(bytes: &[u8]) -> Option<NonRealTimeMeta> {
    let text = text_of(bytes);
    let document = parse(&text)?;
    let root = document.root_element();
    if root.tag_name().name() != "NonRealTimeMeta" {
        return None;
    }
    let said = |node: Option<roxmltree::Node<'_, '_>>, name: &str| {
        node.and_then(|node| attribute(node, name)).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let mut meta = NonRealTimeMeta {
        umid: said(child(root, "TargetMaterial"), "umidRef"),
        duration_frames: said(child(root, "Duration"), "value").and_then(|text| text.parse().ok()),
        created: said(child(root, "CreationDate"), "value"),
        ..NonRealTimeMeta::default()
    };
    if let Some(video) = child(root, "VideoFormat") {
        let frame = child(video, "VideoFrame");
        meta.codec = said(frame, "videoCodec");
        meta.capture_rate = said(frame, "captureFps");
        meta.format_rate = said(frame, "formatFps");
        let layout = child(video, "VideoLayout");
        meta.flip = said(layout, "flip");
        let side = |name: &str| said(layout, name).and_then(|text| text.parse::<i64>().ok());
        meta.size = side("pixel").zip(side("numOfVerticalLine"));
    }
    if let Some(audio) = child(root, "AudioFormat") {
        meta.audio_channels = said(Some(audio), "numOfChannel").and_then(|text| text.parse().ok());
        meta.audio_codec = said(child(audio, "AudioRecPort"), "audioCodec");
        meta.audio_rate = said(Some(audio), "samplingRate").or_else(|| said(child(audio, "AudioRecPort"), "samplingRate"));
    }
    // `Device` may be the recorder; a `Camera` then names the camera.
    for name in ["Camera", "Device"] {
        let node = root.descendants().find(|node| node.is_element() && node.tag_name().name() == name);
        meta.manufacturer = meta.manufacturer.or_else(|| said(node, "manufacturer"));
        meta.model = meta.model.or_else(|| said(node, "modelName"));
        meta.serial = meta.serial.or_else(|| said(node, "serialNo"));
        meta.firmware = meta.firmware.or_else(|| node.and_then(|node| said(child(node, "Element"), "software")));
    }
    let element = |name: &str| root.descendants().find(|node| node.is_element() && node.tag_name().name() == name);
    if let (Some(_), Some(device)) = (element("Camera"), element("Device")) {
        let words = [said(Some(device), "manufacturer"), said(Some(device), "modelName")];
        meta.recorder = Some(words.into_iter().flatten().collect::<Vec<_>>().join(" "));
    }
    meta.user_bits = said(element("TypicalUbit"), "value");
    let lens = element("Lens");
    meta.lens_manufacturer = said(lens, "manufacturer");
    meta.lens_model = said(lens, "modelName");
    for node in root.descendants().filter(|node| node.is_element()).take(20_000) {
        match node.tag_name().name() {
            "Item" => meta.items.extend(said(Some(node), "name").zip(said(Some(node), "value"))),
            "Meta" => meta.items.extend(said(Some(node), "name").zip(said(Some(node), "content"))),
            _ => {}
        }
    }
    read_timecode(root, &mut meta);
    Some(meta)
}

/// The end entry names the last frame itself (inclusive); the canonical end is one behind it.
fn read_timecode(root: roxmltree::Node<'_, '_>, meta: &mut NonRealTimeMeta) {
    let Some(table) = child(root, "LtcChangeTable") else { return };
    let Some(nominal) =
        attribute(table, "tcFps").and_then(|text| text.trim().parse::<u32>().ok()).filter(|fps| (1..=120).contains(fps))
    else {
        return;
    };
    let half_step = attribute(table, "halfStep") == Some("true");
    let rate = meta.format_rate.as_deref().and_then(rate_of);
    meta.timecode_rate = match rate {
        Some(rate) if half_step => FrameRate::new(rate.num, rate.den.saturating_mul(2)),
        Some(rate) if rate.nominal() == nominal => Some(rate),
        _ => FrameRate::new(nominal, 1),
    };
    for change in table.children().filter(|node| node.tag_name().name() == "LtcChange") {
        let Some(value) = attribute(change, "value") else { continue };
        let Some((code, _)) = ltc_from_sony_bcd(value, nominal) else { continue };
        if attribute(change, "status") == Some("end") {
            meta.timecode_end = Some((code.offset(1).to_string(), value.to_owned()));
        } else if meta.timecode_start.is_none() {
            meta.timecode_start = Some((code.to_string(), value.to_owned()));
            meta.drop_frame = Some(code.is_drop());
        }
    }
}

/// `23.98p`, `59.94i`, `25p`.
pub(crate) fn rate_of(text: &str) -> Option<FrameRate> {
    FrameRate::parse(text.trim().trim_end_matches(['p', 'i', 'P', 'I']))
}

/// One recording the card's index lists.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct IndexedMaterial {
    pub(crate) uri: String,
    pub(crate) umid: Option<String>,
    pub(crate) duration_frames: Option<i64>,
    pub(crate) status: String,
    /// The smaller rendering the camera made, by path below the index's folder.
    pub(crate) proxy: Option<String>,
    /// Sidecars, proxies and thumbnails by path below the index's folder.
    pub(crate) related: Vec<String>,
}

/// MEDIAPRO.XML.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct MediaProfile {
    pub(crate) system_kind: Option<String>,
    pub(crate) media_id: Option<String>,
    pub(crate) materials: Vec<IndexedMaterial>,
}

/// Reads a MEDIAPRO document; `None` if it is none.
pub(crate) fn media_profile(bytes: &[u8]) -> Option<MediaProfile> {
    let text = text_of(bytes);
    let document = parse(&text)?;
    let root = document.root_element();
    if root.tag_name().name() != "MediaProfile" {
        return None;
    }
    let mut profile = MediaProfile::default();
    for node in root.descendants().filter(|node| node.is_element()) {
        match node.tag_name().name() {
            "System" => profile.system_kind = attribute(node, "systemKind").map(str::to_owned),
            "Attached" => profile.media_id = attribute(node, "mediaId").map(str::to_owned),
            "Material" => {
                let Some(uri) = attribute(node, "uri") else { continue };
                profile.materials.push(IndexedMaterial {
                    uri: clean(uri),
                    umid: attribute(node, "umid").map(str::trim).filter(|umid| !umid.is_empty()).map(str::to_owned),
                    duration_frames: attribute(node, "dur").and_then(|text| text.parse().ok()),
                    status: attribute(node, "status").unwrap_or("").to_owned(),
                    proxy: child(node, "Proxy").and_then(|proxy| attribute(proxy, "uri")).map(clean),
                    related: node
                        .children()
                        .filter(|node| node.is_element())
                        .filter_map(|node| attribute(node, "uri"))
                        .map(clean)
                        .collect(),
                });
            }
            _ => {}
        }
    }
    Some(profile)
}

fn clean(uri: &str) -> String {
    uri.trim().trim_start_matches("./").replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reversed_bcd_reads_as_the_vendor_means_it() {
        let (code, half) = ltc_from_sony_bcd("19044716", 30).expect("valid");
        assert_eq!((code.to_string().as_str(), half), ("16:47:04:19", false));
        let (code, half) = ltc_from_sony_bcd("42810001", 30).expect("valid");
        assert_eq!((code.to_string().as_str(), code.is_drop(), half), ("01:00:01;02", true, true));
        for bad in ["", "1904471", "zz044716", "1f044716", "19046a16", "19044729"] {
            assert!(ltc_from_sony_bcd(bad, 30).is_none(), "{bad}");
        }
    }
}
