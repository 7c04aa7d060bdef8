//! Owns the Sony part: `PRIVATE/M4ROOT` with an intra-coded S-Log3 MP4, its NonRealTimeMeta XML, a thumbnail and `MEDIAPRO.XML`.

use super::media::{Movie, has_encoder, words, write_movie, write_thumbnail};
use super::{ExpectedClip, ForgeError, Plan, SYNTHETIC};
use crate::picture::Scene;
use crate::picture::camera_log::CameraColour;
use crate::picture::yuv::Planes;
use checkgate_model::Timecode;

const ROOT: &str = "PRIVATE/M4ROOT";
const START: &str = "16:47:04:19";

pub(crate) fn forge(plan: &mut Plan<'_>) -> Result<(), ForgeError> {
    for folder in ["CLIP", "THMBNL", "SUB", "TAKE", "GENERAL"] {
        plan.folder(&format!("{ROOT}/{folder}"))?;
    }
    let frames = plan.frames(24);
    let (width, height) = plan.picture_size();
    let file = format!("{ROOT}/CLIP/C0001.MP4");
    // Builds of ffmpeg without x264 still give a readable clip; the XML then names what it really is.
    let (codec, codec_name) = if has_encoder("libx264") {
        (
            "-c:v libx264 -preset veryfast -profile:v high422 -x264-params keyint=1:bframes=0 -crf 16 -c:a aac -b:a 256k",
            format!("AVC_{width}_{height}_H422IP@L41"),
        )
    } else {
        ("-c:v mpeg4 -q:v 1 -g 1 -pix_fmt yuv420p -c:a aac -b:a 256k", format!("MPEG4_{width}_{height}_SP"))
    };
    (plan.report)(&format!("{file}: {codec_name}, S-Log3"));
    let mut arguments = words(codec);
    arguments.extend(words("-movflags use_metadata_tags -brand XAVC -f mp4"));
    write_movie(
        plan,
        &Movie {
            path: &plan.root.join(&file),
            scene: Scene::BlueHour,
            colour: CameraColour::SonySLog3Cine,
            planes: Planes::Yuv422p10,
            frames,
            rate: (24_000, 1001),
            timecode: START,
            arguments,
        },
    )?;
    let thumbnail = format!("{ROOT}/THMBNL/C0001T01.JPG");
    write_thumbnail(plan, &plan.root.join(&thumbnail), Scene::BlueHour, CameraColour::SonySLog3Cine)?;
    let umid = format!("060A2B340101010501010D4313000000{:032X}", 0x05C0_DE00_0000_0001u128 << 32 | u128::from(plan.seed as u32));
    let sidecar = format!("{ROOT}/CLIP/C0001M01.XML");
    plan.text(&sidecar, &clip_xml(&umid, frames, width, height, &codec_name))?;
    plan.text(&format!("{ROOT}/MEDIAPRO.XML"), &media_profile(&umid, frames, &codec_name))?;
    plan.clips.push(ExpectedClip {
        name: "C0001".to_owned(),
        kind: "video".to_owned(),
        reel: None,
        start: START.to_owned(),
        rate: (24_000, 1001),
        duration: u64::from(frames),
        files: vec![file, sidecar, thumbnail],
        roles: Vec::new(),
        colour: Some("S-Log3 S-Gamut3.Cine".to_owned()),
    });
    for folder in ["SUB", "TAKE", "GENERAL"] {
        plan.empty_folders.push(format!("{ROOT}/{folder}"));
    }
    Ok(())
}

/// Sony writes timecode as packed decimal digits, frames first.
fn reversed_digits(timecode: &str) -> String {
    timecode.split(':').rev().collect()
}

fn clip_xml(umid: &str, frames: u32, width: usize, height: usize, codec: &str) -> String {
    let last = Timecode::parse(START, 24).expect("valid").offset(i64::from(frames) - 1).to_string();
    let (first, last) = (reversed_digits(START), reversed_digits(&last));
    let end = frames - 1;
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<NonRealTimeMeta xmlns="urn:schemas-professionalDisc:nonRealTimeMeta:ver.2.20" xmlns:lib="urn:schemas-professionalDisc:lib:ver.2.1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" lastUpdate="2026-11-23T16:47:06+00:00">
	<TargetMaterial umidRef="{umid}"/>
	<Duration value="{frames}"/>
	<LtcChangeTable tcFps="24" halfStep="false">
		<LtcChange frameCount="0" value="{first}" status="increment"/>
		<LtcChange frameCount="{end}" value="{last}" status="end"/>
	</LtcChangeTable>
	<CreationDate value="2026-11-23T16:47:04+00:00"/>
	<VideoFormat>
		<VideoRecPort port="DIRECT"/>
		<VideoFrame videoCodec="{codec}" captureFps="23.98p" formatFps="23.98p"/>
		<VideoLayout pixel="{width}" numOfVerticalLine="{height}" aspectRatio="16:9"/>
	</VideoFormat>
	<AudioFormat numOfChannel="2">
		<AudioRecPort port="DIRECT" audioCodec="AAC" trackDst="CH1"/>
		<AudioRecPort port="DIRECT" audioCodec="AAC" trackDst="CH2"/>
	</AudioFormat>
	<Device manufacturer="Sony" modelName="ILME-FX3" serialNo="5001337"/>
	<RecordingMode type="normal" cacheRec="false"/>
	<UserDescriptiveMetadata>
		<Meta name="Note" content="{SYNTHETIC}"/>
	</UserDescriptiveMetadata>
	<AcquisitionRecord>
		<Group name="CameraUnitMetadataSet">
			<Item name="CaptureGammaEquation" value="s-log3"/>
			<Item name="CaptureColorPrimaries" value="s-gamut3-cine"/>
			<Item name="CodingEquations" value="rec709"/>
		</Group>
	</AcquisitionRecord>
</NonRealTimeMeta>
"#
    )
}

fn media_profile(umid: &str, frames: u32, codec: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- {SYNTHETIC} -->
<MediaProfile xmlns="http://xmlns.sony.net/pro/metadata/mediaprofile" createdAt="2026-11-23T16:40:00+00:00" version="2.20">
	<Properties>
		<System systemId="08004600C0DE0001" systemKind="ILME-FX3 ver.1.000"/>
		<Attached mediaId="C0DE0000000000000000000000000001" mediaKind="MemoryCard" mediaName=""/>
	</Properties>
	<Contents>
		<Material uri="./CLIP/C0001.MP4" type="MP4" videoType="{codec}" audioType="AAC" fps="23.98p" dur="{frames}" ch="2" aspectRatio="16:9" offset="0" umid="{umid}" status="none">
			<RelevantInfo uri="./CLIP/C0001M01.XML" type="XML"/>
			<RelevantInfo uri="./THMBNL/C0001T01.JPG" type="JPG"/>
		</Material>
	</Contents>
</MediaProfile>
"#
    )
}
