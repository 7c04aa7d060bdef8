//! Changed, cut and random bytes through every reader of the crate: an answer or an error, never a panic. Archives of configurations.
use crate::hostile_probe::{LOOKS, READERS, survive, zip};
use checkgate_color::{Aces, ColorEngine, Recipe, Target, UserConfig};

const CONFIG: &str = "ocio_profile_version: 2\nsearch_path: luts\nroles: {default: lin, scene_linear: lin}\n\
displays:\n  Monitor:\n    - !<View> {name: Plain, colorspace: shown}\n    - !<View> {name: Cube, colorspace: looked}\ncolorspaces:\n\
  - !<ColorSpace> {name: lin}\n\
  - !<ColorSpace> {name: shown, from_scene_reference: !<ExponentTransform> {value: 2, direction: inverse}}\n\
  - !<ColorSpace> {name: looked, from_scene_reference: !<FileTransform> {src: half.cube}}\n";
const HALF: &[u8] = b"LUT_3D_SIZE 2\n0 0 0\n0.5 0 0\n0 0.5 0\n0.5 0.5 0\n0 0 0.5\n0.5 0 0.5\n0 0.5 0.5\n0.5 0.5 0.5\n";

const AMF: &str = r##"<?xml version="1.0"?><aces:acesMetadataFile xmlns:aces="urn:ampas:aces:amf:v2.0" xmlns:cdl="urn:ASC:CDL:v1.01" version="2.0">
<aces:amfInfo><aces:description>a &amp; b</aces:description><aces:author><aces:name>n</aces:name><aces:emailAddress>e</aces:emailAddress></aces:author>
<aces:dateTime><aces:creationDateTime>2024-01-01T00:00:00Z</aces:creationDateTime><aces:modificationDateTime>2024-01-01T00:00:00Z</aces:modificationDateTime></aces:dateTime>
<aces:uuid>urn:uuid:afe122be-59d3-4360-ad69-33c10108fa7a</aces:uuid></aces:amfInfo>
<aces:clipId><aces:clipName>A001</aces:clipName><aces:sequence idx="#" min="1" max="24">A001.###.exr</aces:sequence></aces:clipId>
<aces:pipeline><aces:pipelineInfo><aces:dateTime><aces:creationDateTime>2024-01-01T00:00:00Z</aces:creationDateTime><aces:modificationDateTime>2024-01-01T00:00:00Z</aces:modificationDateTime></aces:dateTime>
<aces:uuid>urn:uuid:afe122be-59d3-4360-ad69-33c10108fa7b</aces:uuid>
<aces:systemVersion><aces:majorVersion>1</aces:majorVersion><aces:minorVersion>3</aces:minorVersion><aces:patchVersion>0</aces:patchVersion></aces:systemVersion></aces:pipelineInfo>
<aces:inputTransform applied="false"><aces:transformId>urn:ampas:aces:transformId:v1.5:IDT.ARRI.Alexa-v3-logC-EI800.a1.v2</aces:transformId></aces:inputTransform>
<aces:lookTransform applied="false"><aces:cdlWorkingSpace><aces:fromCdlWorkingSpace><aces:transformId>urn:ampas:aces:transformId:v1.5:ACEScsc.Academy.ACEScct_to_ACES.a1.0.3</aces:transformId></aces:fromCdlWorkingSpace></aces:cdlWorkingSpace>
<cdl:SOPNode><cdl:Slope>1.1 1 0.9</cdl:Slope><cdl:Offset>0 0.01 0</cdl:Offset><cdl:Power>1 1 1.2</cdl:Power></cdl:SOPNode><cdl:SatNode><cdl:Saturation>0.9</cdl:Saturation></cdl:SatNode></aces:lookTransform>
<aces:workingLocation/><aces:lookTransform applied="true"><aces:file>looks/a.cube</aces:file></aces:lookTransform>
<aces:outputTransform applied="false"><aces:transformId>urn:ampas:aces:transformId:v2.0:Output.Academy.Rec709-D65_100nit_in_Rec709-D65_BT1886.a2.v1</aces:transformId></aces:outputTransform>
</aces:pipeline></aces:acesMetadataFile>"##;

const CLF: &str = r#"<?xml version="1.0"?><ProcessList compCLFversion="3.0" id="x"><Description>d</Description>
<Matrix inBitDepth="32f" outBitDepth="10i"><Array dim="3 3">1023 0 0 0 1023 0 0 0 1023</Array></Matrix>
<LUT1D inBitDepth="10i" outBitDepth="32f" interpolation="linear"><Array dim="3 1">0 0.4 1</Array></LUT1D>
<Log inBitDepth="32f" outBitDepth="32f" style="cameraLinToLog"><LogParams base="10" logSideSlope="0.25" logSideOffset="0.38" linSideSlope="5.5" linSideOffset="0.05" linSideBreak="0.01"/></Log>
<Exponent inBitDepth="32f" outBitDepth="32f" style="monCurveFwd"><ExponentParams exponent="2.4" offset="0.055"/></Exponent>
<Range inBitDepth="32f" outBitDepth="32f"><minInValue>0</minInValue><maxInValue>1</maxInValue><minOutValue>0</minOutValue><maxOutValue>1</maxOutValue></Range>
<ASC_CDL inBitDepth="32f" outBitDepth="32f" style="FwdNoClamp"><SOPNode><Slope>1 1 1</Slope><Offset>0 0 0</Offset><Power>1 1 1</Power></SOPNode><SatNode><Saturation>1</Saturation></SatNode></ASC_CDL>
<LUT3D inBitDepth="32f" outBitDepth="32f" interpolation="tetrahedral"><Array dim="2 2 2 3">0 0 0 0 0 1 0 1 0 0 1 1 1 0 0 1 0 1 1 1 0 1 1 1</Array></LUT3D></ProcessList>"#;

const CCC: &str = "<ColorCorrectionCollection xmlns=\"urn:ASC:CDL:v1.01\"><ColorCorrection id=\"a\"><SOPNode><Description>d</Description><Slope>1.1 1 0.9</Slope>\
<Offset>0 0.01 0</Offset><Power>1 1 1.2</Power></SOPNode><SatNode><Saturation>0.9</Saturation></SatNode></ColorCorrection></ColorCorrectionCollection>";

/// Good files of a reader.
fn seeds(reader: &str) -> Vec<Vec<u8>> {
    let cube = String::from_utf8(HALF.to_vec()).unwrap();
    let kind = |extension: &str, text: &str| {
        let place = LOOKS.iter().position(|known| *known == extension).unwrap() as u8;
        [&[place], text.as_bytes()].concat()
    };
    match reader {
        "amf" => vec![AMF.into(), AMF.replace("v2.0\"", "v1.0\"").replace("version=\"2.0\"", "version=\"1.0\"").into()],
        "clf" => vec![CLF.into()],
        "look" => vec![
            kind("cube", &cube),
            kind("cube", "TITLE \"a\"\nDOMAIN_MIN 0 0 0\nDOMAIN_MAX 2 2 2\nLUT_1D_SIZE 3\n0 0 0\n0.5 0.4 0.6\n1 1 1\n"),
            kind("ctf", &CLF.replace("compCLFversion=\"3.0\"", "version=\"2\"")),
            kind("ccc", CCC),
            kind(
                "cc",
                "<ColorCorrection id=\"a\"><SOPNode><Slope>1 1 1</Slope><Offset>0 0 0</Offset><Power>1 1 1</Power></SOPNode></ColorCorrection>",
            ),
            kind("spi1d", "Version 1\nFrom 0 1\nLength 3\nComponents 1\n{\n0\n0.4\n1\n}\n"),
            kind(
                "spi3d",
                "SPILUT 1.0\n3 3\n2 2 2\n0 0 0 0 0 0\n0 0 1 0 0 1\n0 1 0 0 1 0\n0 1 1 0 1 1\n1 0 0 1 0 0\n1 0 1 1 0 1\n1 1 0 1 1 0\n1 1 1 1 1 1\n",
            ),
            kind(
                "3dl",
                "0 341 682 1023\n0 0 0\n0 0 1023\n0 1023 0\n0 1023 1023\n1023 0 0\n1023 0 1023\n1023 1023 0\n1023 1023 1023\n",
            ),
            kind(
                "csp",
                "CSPLUTV100\n1D\n\nBEGIN METADATA\nEND METADATA\n\n2\n0 1\n0 1\n2\n0 1\n0 1\n2\n0 1\n0 1\n\n3\n0 0 0\n0.5 0.5 0.5\n1 1 1\n",
            ),
        ],
        "cdl" => vec![CCC.into(), b"(1.1 1 0.9)(0 0.01 0)(1 1 1.2)\n0.9".to_vec(), b"1 1 1 0 0 0 1 1 1 0.9".to_vec()],
        "config" => vec![CONFIG.into()],
        "archive" => vec![CONFIG.into(), zip(&[("config.ocio", CONFIG.as_bytes()), ("luts/half.cube", HALF)])],
        other => panic!("{other}"),
    }
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) as usize % sides.max(1)
    }
}

/// Numbers and words that break readers.
const NASTY: [&str; 16] = [
    "-1",
    "0",
    "99999999999",
    "1e999",
    "nan",
    "-inf",
    "<",
    ">",
    "\"",
    "&#0;",
    "]]>",
    "\0",
    "../../x",
    "2147483647",
    "\u{feff}",
    "{",
];

fn changed(seed: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(bytes.len());
        match dice.roll(6) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] = dice.roll(256) as u8,
            2 => drop(bytes.splice(at..at, NASTY[dice.roll(NASTY.len())].bytes())),
            3 => {
                let end = (at + dice.roll(60)).min(bytes.len());
                bytes.drain(at..end);
            }
            4 => {
                let piece = bytes[at..(at + dice.roll(200)).min(bytes.len())].to_vec();
                let to = dice.roll(bytes.len());
                drop(bytes.splice(to..to, piece));
            }
            _ => {
                // A number becomes another.
                let digits = bytes.iter().skip(at).position(u8::is_ascii_digit).map(|found| at + found);
                if let Some(start) = digits {
                    let end =
                        bytes[start..].iter().position(|byte| !byte.is_ascii_digit()).map_or(bytes.len(), |more| start + more);
                    drop(bytes.splice(start..end, NASTY[dice.roll(6)].bytes()));
                }
            }
        }
    }
    bytes
}

#[test]
fn changed_and_cut_files_never_panic() {
    let runs: usize = std::env::var("CHECKGATE_HOSTILE_RUNS").ok().and_then(|text| text.parse().ok()).unwrap_or(150);
    for reader in READERS {
        for seed in seeds(reader) {
            survive(reader, &seed);
            for cut in (0..seed.len()).step_by(1 + seed.len() / 40) {
                survive(reader, &seed[..cut]);
            }
            let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ seed.len() as u64);
            for _ in 0..runs {
                survive(reader, &changed(&seed, &mut dice));
            }
        }
    }
}

/// Guards the test above: changed seeds must still reach what stands behind the parsers.
#[test]
fn seeds_are_what_they_claim_to_be() {
    assert!(checkgate_color::amf::read(AMF).is_ok());
    assert!(checkgate_color::cdl::read(CCC.as_bytes()).is_ok());
    assert!(UserConfig::from_text("a.ocio", CONFIG, ".").is_ok());
    let engine = checkgate_color::Engine::shared().unwrap();
    for seed in seeds("look") {
        let name = format!("a.{}", LOOKS[usize::from(seed[0])]);
        let look =
            checkgate_color::LookFile { name: name.clone(), bytes: seed[1..].to_vec(), working_space: "ACES2065-1".to_owned() };
        let recipe = Recipe::to_space("ACES2065-1", "ACES2065-1");
        assert!(engine.graded(&recipe, &[look]).is_ok(), "{name}");
    }
}

#[test]
fn an_archive_brings_its_luts_and_a_broken_one_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("show.ocioz");
    let good = zip(&[("config.ocio", CONFIG.as_bytes()), ("luts/half.cube", HALF)]);
    std::fs::write(&path, &good).unwrap();
    let engine = UserConfig::from_archive(&path.to_string_lossy()).unwrap();
    assert_eq!(engine.list(Aces::V2_0).unwrap().displays[0].views, ["Plain", "Cube"]);
    let view = |name: &str| Recipe {
        source: "lin".into(),
        target: Target::Display { display: "Monitor".into(), view: name.into() },
        ..Recipe::to_space("", "")
    };
    let mut pixel = [[0.8, 0.4, 0.2]];
    engine.processor(&view("Cube")).unwrap().apply(&mut pixel);
    for (got, want) in pixel[0].iter().zip([0.4, 0.2, 0.1]) {
        assert!((got - want).abs() < 1e-6, "{pixel:?}");
    }
    // Without its LUT the view is an error, not another picture.
    let bad = folder.path().join("bad.ocioz");
    let refused = |bytes: &[u8]| {
        std::fs::write(&bad, bytes).unwrap();
        match UserConfig::from_archive(&bad.to_string_lossy()) {
            Ok(engine) => engine.processor(&view("Cube")).is_err(),
            Err(_) => true,
        }
    };
    assert!(refused(&zip(&[("config.ocio", CONFIG.as_bytes())])));
    assert!(refused(&zip(&[("luts/half.cube", HALF)])));
    assert!(refused(b"PK\x05\x06"));
    assert!(refused(b"no archive"));
    assert!(refused(&zip(&[("config.ocio", CONFIG.as_bytes()), ("../../half.cube", HALF)])));
    for cut in [good.len() / 4, good.len() / 2, good.len() - 10] {
        assert!(refused(&good[..cut]), "cut at {cut}");
    }
}
