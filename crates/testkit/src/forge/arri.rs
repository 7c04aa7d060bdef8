//! Owns the ARRI part: classic names, ProRes with timecode and reel, `com.arri.camera.*` keys, `_AVID.ale`, a CDL and a camera report.

use super::media::{Movie, words, write_movie};
use super::{ExpectedClip, ForgeError, Plan, SYNTHETIC};
use crate::picture::Scene;
use crate::picture::camera_log::CameraColour;
use crate::picture::yuv::Planes;
use checkgate_model::Timecode;
use std::fmt::Write as _;

/// Reel of the forged card: camera A, roll 3, camera id 1JL.
pub(crate) const REEL: &str = "A003R1JL";
const DATE: &str = "261123";

struct Take {
    scene: Scene,
    planes: Planes,
    codec: &'static str,
    original_video: &'static str,
    frames: u32,
    start: &'static str,
    slate: (&'static str, &'static str),
    exposure_index: u32,
    kelvin: u32,
}

const TAKES: [Take; 3] = [
    Take {
        scene: Scene::Dusk,
        planes: Planes::Yuv422p10,
        codec: "-c:v prores_aw -profile:v 3 -c:a pcm_s24le",
        original_video: "ProRes 422 HQ",
        frames: 48,
        start: "14:23:07:11",
        slate: ("012A", "3"),
        exposure_index: 800,
        kelvin: 5600,
    },
    Take {
        scene: Scene::Stage,
        planes: Planes::Yuv444p12,
        codec: "-c:v prores_ks -profile:v 4444 -c:a pcm_s24le",
        original_video: "ProRes 4444",
        frames: 24,
        start: "14:41:52:00",
        slate: ("LT01", "1"),
        exposure_index: 800,
        kelvin: 4300,
    },
    Take {
        scene: Scene::Street,
        planes: Planes::Yuv422p10,
        codec: "-c:v prores_aw -profile:v 3 -c:a pcm_s24le",
        original_video: "ProRes 422 HQ",
        frames: 24,
        start: "15:02:30:18",
        slate: ("040", "2"),
        exposure_index: 1280,
        kelvin: 3200,
    },
];

pub(crate) fn forge(plan: &mut Plan<'_>) -> Result<(), ForgeError> {
    let folder = plan.folder(REEL)?;
    let mut rows = String::new();
    for (index, take) in TAKES.iter().enumerate() {
        let name = format!("A003C{:03}_{DATE}_R1JL", index + 1);
        let file = format!("{REEL}/{name}.mov");
        (plan.report)(&format!("{file}: {}, LogC4", take.original_video));
        let frames = plan.frames(take.frames);
        let mut arguments = words(take.codec);
        let flags = if plan.faststart { "use_metadata_tags+faststart" } else { "use_metadata_tags" };
        arguments.extend(words(&format!("-movflags {flags} -metadata:s:v:0 reel_name={REEL} -write_tmcd 1 -f mov")));
        for (key, value) in [
            ("CameraManufacturer", "ARRI".to_owned()),
            ("CameraModel", "ALEXA 35".to_owned()),
            ("CameraSerialNumber", "2001".to_owned()),
            ("CameraIndex", "A".to_owned()),
            ("ReelName", REEL.to_owned()),
            ("CameraClipName", name.clone()),
            ("ColorGammaSxS", "LOG-C4".to_owned()),
            ("ColorGamut", "ARRI Wide Gamut 4".to_owned()),
            ("ExposureIndexAsa", take.exposure_index.to_string()),
            ("WhiteBalanceKelvin", take.kelvin.to_string()),
            ("WhiteBalanceTintCc", "0.0".to_owned()),
            ("SensorFps", "24.000".to_owned()),
            ("ShutterAngle", "172.8".to_owned()),
            ("LensModel", "Signature Prime 47".to_owned()),
            ("LookName", "Night river".to_owned()),
            ("Synthetic", "true".to_owned()),
        ] {
            arguments.extend(["-metadata".to_owned(), format!("com.arri.camera.{key}={value}")]);
        }
        let path = folder.join(format!("{name}.mov"));
        write_movie(
            plan,
            &Movie {
                path: &path,
                scene: take.scene,
                colour: CameraColour::ArriLogC4,
                planes: take.planes,
                frames,
                rate: (24, 1),
                timecode: take.start,
                arguments,
            },
        )?;
        rows.push_str(&ale_row(plan, take, &name, frames));
        plan.clips.push(ExpectedClip {
            name,
            kind: "video".to_owned(),
            reel: Some(REEL.to_owned()),
            start: take.start.to_owned(),
            rate: (24, 1),
            duration: u64::from(frames),
            files: vec![file],
            roles: Vec::new(),
            colour: Some("ARRI LogC4".to_owned()),
        });
    }
    let heading = "Heading\r\nFIELD_DELIM\tTABS\r\nVIDEO_FORMAT\t1080\r\nAUDIO_FORMAT\t48kHz\r\nFPS\t24\r\n\r\nColumn\r\n";
    let ale = format!("{heading}{}\r\n\r\nData\r\n{rows}", COLUMNS.join("\t"));
    plan.text(&format!("{REEL}/{REEL}_AVID.ale"), &ale)?;
    plan.text(&format!("{REEL}/{REEL}.cdl"), &cdl())?;
    plan.text(&format!("{REEL}/{REEL}_camera_report.txt"), &report())?;
    plan.folder(&format!("{REEL}/ARRI"))?;
    plan.empty_folders.push(format!("{REEL}/ARRI"));
    Ok(())
}

/// Columns as ARRI cameras write them; `User_info1` says that the file is synthetic.
const COLUMNS: [&str; 57] = [
    "Name",
    "Tracks",
    "Start",
    "End",
    "Duration",
    "FPS",
    "Original_video",
    "Audio_format",
    "Audio_sr",
    "Audio_bit",
    "Frame_width",
    "Frame_height",
    "Uuid",
    "Sup_version",
    "Exposure_index",
    "Gamma",
    "Color_space",
    "White_balance",
    "Cc_shift",
    "Look_name",
    "Look_burned_in",
    "Sensor_fps",
    "Shutter_angle",
    "Manufacturer",
    "Camera_model",
    "Camera_sn",
    "Camera_id",
    "Camera_index",
    "Project_fps",
    "Storage_sn",
    "Production",
    "Cinematographer",
    "Operator",
    "Director",
    "Location",
    "Company",
    "User_info1",
    "User_info2",
    "Date_camera",
    "Time_camera",
    "Reel_name",
    "Scene",
    "Take",
    "ASC_SOP",
    "ASC_SAT",
    "Lut_file_name",
    "Lens_type",
    "Lens_sn",
    "Image_orientation",
    "Nd_filterdensity",
    "Nd_filtertype",
    "Focus_distance_unit",
    "Circle",
    "Soundroll",
    "Sound_tc",
    "Script_notes",
    "Source_file",
];

fn ale_row(plan: &Plan<'_>, take: &Take, name: &str, frames: u32) -> String {
    let start = Timecode::parse(take.start, 24).expect("the table holds valid timecodes");
    let duration = Timecode::from_frames(i64::from(frames), 24, false).expect("24 counts");
    let (width, height) = plan.picture_size();
    let uuid = format!("{:08x}-0035-4a03-8001-{:012x}", plan.seed as u32, start.frames());
    let value = |column: &str| -> String {
        match column {
            "Name" => name.to_owned(),
            "Tracks" => "VA1A2".to_owned(),
            "Start" => take.start.to_owned(),
            "End" => start.offset(i64::from(frames)).to_string(),
            "Duration" => duration.to_string(),
            "FPS" => "24".to_owned(),
            "Original_video" => format!("{} ({width}x{height})", take.original_video),
            "Audio_format" => "PCM".to_owned(),
            "Audio_sr" => "48kHz".to_owned(),
            "Audio_bit" => "24".to_owned(),
            "Frame_width" => width.to_string(),
            "Frame_height" => height.to_string(),
            "Uuid" => uuid.clone(),
            "Sup_version" => "1.03.00".to_owned(),
            "Exposure_index" => take.exposure_index.to_string(),
            "Gamma" => "LOG-C4".to_owned(),
            "Color_space" => "ARRI Wide Gamut 4".to_owned(),
            "White_balance" => take.kelvin.to_string(),
            "Cc_shift" => "0".to_owned(),
            "Look_name" => "Night river".to_owned(),
            "Look_burned_in" => "No".to_owned(),
            "Sensor_fps" | "Project_fps" => "24.000".to_owned(),
            "Shutter_angle" => "172.8".to_owned(),
            "Manufacturer" => "ARRI".to_owned(),
            "Camera_model" => "ALEXA 35".to_owned(),
            "Camera_sn" => "2001".to_owned(),
            "Camera_id" => "R1JL".to_owned(),
            "Camera_index" => "A".to_owned(),
            "Production" => "Nightfall".to_owned(),
            "User_info1" => "Synthetic".to_owned(),
            "User_info2" => "Forged by Checkgate".to_owned(),
            "Date_camera" => "20261123".to_owned(),
            "Time_camera" => format!("{}h{}m{}s", &take.start[..2], &take.start[3..5], &take.start[6..8]),
            "Reel_name" => REEL.to_owned(),
            "Scene" => take.slate.0.to_owned(),
            "Take" => take.slate.1.to_owned(),
            "ASC_SOP" => "(1.050000 1.000000 0.960000)(0.002000 0.000000 -0.003000)(1.000000 1.000000 1.020000)".to_owned(),
            "ASC_SAT" => "0.950000".to_owned(),
            "Lens_type" => "Signature Prime 47".to_owned(),
            "Image_orientation" => "0".to_owned(),
            "Nd_filterdensity" => "0.6".to_owned(),
            "Focus_distance_unit" => "Metric".to_owned(),
            "Soundroll" => "26Y11M23".to_owned(),
            "Source_file" => format!("{name}.mov"),
            _ => String::new(),
        }
    };
    let mut row = COLUMNS.map(value).join("\t");
    row.push_str("\r\n");
    row
}

fn cdl() -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ColorDecisionList xmlns=\"urn:ASC:CDL:v1.01\">\n  <InputDescription>{SYNTHETIC}</InputDescription>\n  \
         <ColorDecision>\n    <ColorCorrection id=\"{REEL}\">\n      <SOPNode>\n        <Description>Night river</Description>\n        \
         <Slope>1.050000 1.000000 0.960000</Slope>\n        <Offset>0.002000 0.000000 -0.003000</Offset>\n        <Power>1.000000 1.000000 1.020000</Power>\n      \
         </SOPNode>\n      <SATNode>\n        <Saturation>0.950000</Saturation>\n      </SATNode>\n    </ColorCorrection>\n  </ColorDecision>\n</ColorDecisionList>\n"
    )
}

fn report() -> String {
    let mut text = format!(
        "CAMERA REPORT\n{SYNTHETIC}\n\nProduction  Nightfall\nReel        {REEL}\nCamera      A, ALEXA 35\n\nClip  Scene  Take  Start        EI    WB\n"
    );
    for (index, take) in TAKES.iter().enumerate() {
        let _ = writeln!(
            text,
            "C{:03}  {:<5}  {:<4}  {}  {:<4}  {} K",
            index + 1,
            take.slate.0,
            take.slate.1,
            take.start,
            take.exposure_index,
            take.kelvin
        );
    }
    text
}
