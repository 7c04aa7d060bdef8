//! Writing AMF: what was read is kept, and what a preview shows is what the file describes.
use crate::vectors::samples;
use checkgate_color::amf::{
    Amf, AmfFacts, AmfFiles, AmfOptions, AmfVersion, Author, By, CdlNumbers, ClipId, ClipMedia, Hash, Look, LookCdl, Middle,
    TransformRef, WorkingSpace, compose, read, resolve, write,
};
use checkgate_color::cdl::{Correction, write_ccc};
use checkgate_color::{Aces, Cdl, ColorEngine, ColorError, Engine, LookFile, OutputView, Recipe, Target};
use checkgate_model::RelPath;
use checkgate_testkit::python::ReferencePython;
use std::collections::BTreeMap;

struct Beside(BTreeMap<String, Vec<u8>>);

impl AmfFiles for Beside {
    fn read(&self, path: &RelPath) -> Option<Vec<u8>> {
        self.0.get(path.as_str()).cloned()
    }
    fn transforms(&self) -> Vec<RelPath> {
        self.0.keys().filter_map(|name| RelPath::new(name).ok()).collect()
    }
}

fn beside(files: &[(&str, &[u8])]) -> Beside {
    Beside(files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect())
}

const CLF: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ProcessList xmlns="urn:AMPAS:CLF:v3.0" compCLFversion="3.0" id="urn:uuid:11111111-2222-3333-4444-555555555555" name="warm">
  <Matrix inBitDepth="32f" outBitDepth="32f"><Array dim="3 3">1.1 0 0  0 1 0  0.02 0 0.9</Array></Matrix>
</ProcessList>"#;

fn facts() -> AmfFacts {
    AmfFacts {
        now: "2026-11-24T10:00:00Z".to_owned(),
        file_uuid: "urn:uuid:afe122be-59d3-4360-ad69-33c10108fa7a".to_owned(),
        pipeline_uuid: "urn:uuid:be6ec2ea-a6dc-4cbc-bf0d-afced5ff3dd8".to_owned(),
        description: Some("preview of A001 <day 1>".to_owned()),
        authors: vec![Author { name: "Set".to_owned(), email: "set@example.invalid".to_owned() }],
        clip: Some(ClipId { name: "A001C001".to_owned(), media: Some(ClipMedia::File("A001C001.mov".to_owned())) }),
    }
}

fn pixels() -> Vec<[f32; 3]> {
    (0..200).map(|step| [step as f32 / 190.0 - 0.02, 0.4, 1.0 - step as f32 / 210.0]).collect()
}

/// Everything a preview may be made with that ids can say.
fn recipes() -> Vec<Recipe> {
    let cdl = Cdl::parse("1.1 0.95 1.02 0.01 -0.02 0.005 0.9 1.05 1.0 0.85").unwrap();
    let engine = Engine::shared().unwrap();
    let mut recipes = Vec::new();
    for aces in [Aces::V2_0, Aces::V1_3] {
        for display in engine.list(aces).unwrap().displays {
            for view in display.views.iter().filter(|view| view.starts_with("ACES ")) {
                let target = Target::Display { display: display.name.clone(), view: view.clone() };
                recipes.push(Recipe { source: "ARRI LogC4".into(), target, look: None, cdl: Some(cdl), aces });
            }
        }
    }
    let output = OutputView::rec709_sdr();
    for source in [
        "ARRI LogC3 (EI800)",
        "ARRI LogC3 (EI1600, with roll-off)",
        "ARRI LogC3 (EI400)",
        "S-Log3 S-Gamut3.Cine",
        "S-Log2 S-Gamut Daylight (10-bit)",
        "Log3G10 REDWideGamutRGB",
        "CanonLog2 BT.2020 Tungsten",
        "ACESproxy (10-bit)",
        "ACEScct",
        "ACES2065-1",
        "V-Log V-Gamut",
        "Apple Log",
        "BMDFilm WideGamut Gen5",
        "D-Log D-Gamut",
    ] {
        recipes.push(Recipe::to_view(source, &output));
    }
    let look = Some("ACES 1.3 Reference Gamut Compression".to_owned());
    recipes.push(Recipe { look, cdl: Some(cdl), ..Recipe::to_view("S-Log3 S-Gamut3", &output) });
    recipes
}

#[test]
fn a_written_amf_shows_exactly_what_the_preview_showed() {
    let engine = Engine::shared().unwrap();
    let look = LookFile { name: "warm.clf".into(), bytes: CLF.as_bytes().to_vec(), working_space: "ACES2065-1".into() };
    let files = beside(&[("warm.clf", CLF.as_bytes())]);
    let recipes = recipes();
    let mut written = Vec::new();
    let (mut described, mut undescribed) = (0, Vec::new());
    for recipe in &recipes {
        for looks in [&[][..], std::slice::from_ref(&look)] {
            let amf = match compose(engine, recipe, looks, &facts()) {
                Ok(amf) => amf,
                Err(ColorError::NoTransformId(name)) => {
                    undescribed.push(name);
                    continue;
                }
                Err(error) => panic!("{recipe:?}: {error}"),
            };
            let text = write(&amf).unwrap();
            let (processor, report) = resolve(engine, &read(&text).unwrap(), &files, AmfOptions::default()).unwrap();
            let (mut through_amf, mut direct) = (pixels(), pixels());
            processor.apply(&mut through_amf);
            engine.graded(recipe, looks).unwrap().apply(&mut direct);
            assert_eq!(through_amf, direct, "{recipe:?} {report:?}");
            described += 1;
            written.push(text);
        }
    }
    undescribed.dedup();
    eprintln!("AMF of previews: {described} described and shown bit-identically; without an id: {undescribed:?}");
    assert!(described >= 60, "{described}");
    let unsayable = Recipe::to_view("Linear P3-D65", &OutputView::rec709_sdr());
    assert!(matches!(compose(engine, &unsayable, &[], &facts()), Err(ColorError::NoTransformId(_))));
    let in_cct = LookFile { working_space: "ACEScct".into(), ..look };
    assert!(matches!(compose(engine, &recipes[0], &[in_cct], &facts()), Err(ColorError::NoTransformId(_))));
    judge(&written, "schema/acesMetadataFile.xsd");
}

/// The published schema judges what was written.
fn judge(written: &[String], schema: &str) {
    let Some(color) = samples() else { return };
    let Some(python) = ReferencePython::find(&["lxml"]) else {
        eprintln!(
            "SKIPPED: no Python with lxml (tests/reference-requirements.txt); written AMF files were not held to their schema"
        );
        return;
    };
    let script = "import sys\nfrom lxml import etree\nschema = etree.XMLSchema(etree.parse(sys.argv[1]))\n\
                  for text in sys.stdin.buffer.read().split(b'\\0'):\n    schema.assertValid(etree.fromstring(text))\nprint('valid')";
    let path = color.join("amf").join(schema);
    let said = python.run(script, &[&path.display().to_string()], written.join("\0").as_bytes()).unwrap();
    assert_eq!(said.trim(), "valid");
}

#[test]
fn what_was_read_is_written_again_with_its_archive() {
    let Some(color) = samples() else { return };
    let mut files = Vec::new();
    crate::amf::amf_files(&color.join("amf"), &mut files);
    let (mut kept, mut archives, mut two, mut one) = (0, 0, Vec::new(), Vec::new());
    for path in &files {
        let Ok(amf) = read(&std::fs::read_to_string(path).unwrap()) else { continue };
        match write(&amf) {
            Ok(text) => {
                let mut again = read(&text).unwrap();
                // What an old file left out stands there now.
                let said = |amf: &Amf| Amf { notes: Vec::new(), ..amf.clone() };
                again = said(&again);
                let mut before = said(&amf);
                for pipeline in std::iter::once(&mut before.pipeline).chain(&mut before.archived) {
                    for middle in &mut pipeline.middle {
                        if let Middle::Look(look) = middle {
                            look.applied = Some(look.applied.unwrap_or(false));
                        }
                    }
                    if let (Some(output), AmfVersion::V2_0) = (&mut pipeline.output, amf.version) {
                        output.applied = Some(output.applied.unwrap_or(false));
                    }
                }
                if let (Some(output), AmfVersion::V1_0) = (&mut before.pipeline.output, amf.version) {
                    output.applied = None;
                }
                assert_eq!(again, before, "{}", path.display());
                kept += 1;
                archives += amf.archived.len();
                match amf.version {
                    AmfVersion::V2_0 => two.push(text),
                    AmfVersion::V1_0 if path.components().any(|part| part.as_os_str() == "v1.0") => one.push(text),
                    AmfVersion::V1_0 => {}
                }
            }
            Err(error) => eprintln!("not written again: {}: {error}", path.file_name().unwrap().to_string_lossy()),
        }
    }
    eprintln!("AMF: {kept} of {} files read and written again, with {archives} archived pipelines", files.len());
    assert!(kept >= 170 && archives >= 2, "{kept} {archives}");
    judge(&two, "schema/acesMetadataFile.xsd");
}

fn with_look(look: Look) -> Amf {
    let engine = Engine::shared().unwrap();
    let recipe = Recipe::to_view("ACES2065-1", &OutputView::rec709_sdr());
    let mut amf = compose(engine, &recipe, &[], &facts()).unwrap();
    amf.pipeline.middle.push(Middle::Look(look));
    amf
}

fn shown(amf: &Amf, files: &Beside) -> Result<Vec<[f32; 3]>, ColorError> {
    let text = write(amf).unwrap();
    let (processor, _) = resolve(Engine::shared().unwrap(), &read(&text)?, files, AmfOptions::default())?;
    let mut out = pixels();
    processor.apply(&mut out);
    Ok(out)
}

#[test]
fn a_cdl_in_a_collection_is_found_by_its_id_and_works_in_its_space() {
    let cdl = Cdl::parse("1.2 1 0.9 0.01 0 0 1 1 1.1 0.9").unwrap();
    let one = |id: &str, cdl: Cdl| Correction { id: Some(id.into()), descriptions: Vec::new(), cdl };
    let file = write_ccc(&[one("a", Cdl::IDENTITY), one("b", cdl)]);
    let files = beside(&[("looks/day.ccc", file.as_bytes())]);
    let id = "urn:ampas:aces:transformId:v2.0:CSC.Academy.ACEScct_to_ACES.a2.v1";
    let look = |numbers| Look {
        applied: Some(false),
        itself: TransformRef { by: Some(By::File("looks/day.ccc".into())), ..TransformRef::default() },
        // Without the way in, it is the way out turned round.
        cdl: Some(LookCdl { working: Some(WorkingSpace { to: None, from: Some(TransformRef::id(id)) }), numbers }),
    };
    let engine = Engine::shared().unwrap();
    let recipe = Recipe { cdl: Some(cdl), ..Recipe::to_view("ACES2065-1", &OutputView::rec709_sdr()) };
    let mut want = pixels();
    engine.processor(&recipe).unwrap().apply(&mut want);
    assert_eq!(shown(&with_look(look(CdlNumbers::InFile("b".into()))), &files), Ok(want));
    assert!(shown(&with_look(look(CdlNumbers::InFile("c".into()))), &files).is_err());
}

#[test]
fn files_must_match_their_hash_and_ids_their_process_list() {
    let files = beside(&[("other.clf", b"<ProcessList id='x'/>"), ("warm.clf", CLF.as_bytes())]);
    let look = |by: By, hash: Option<&str>| {
        let hash = hash.map(|value| Hash { algorithm: "http://www.w3.org/2001/04/xmlenc#sha256".into(), value: value.into() });
        with_look(Look { applied: Some(false), itself: TransformRef { description: None, hash, by: Some(by) }, cdl: None })
    };
    let by_file = shown(&look(By::File("warm.clf".into()), None), &files);
    assert!(by_file.is_ok());
    let uuid = By::Uuid("urn:uuid:11111111-2222-3333-4444-555555555555".into());
    assert_eq!(shown(&look(uuid, None), &files), by_file);
    let unknown = By::Uuid("urn:uuid:99999999-2222-3333-4444-555555555555".into());
    assert!(matches!(shown(&look(unknown, None), &files), Err(ColorError::MissingFile(_))));
    let wrong = Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    let error = shown(&look(By::File("warm.clf".into()), wrong), &files);
    assert_eq!(error, Err(ColorError::HashMismatch("warm.clf".into())));
}

#[test]
fn steps_that_were_applied_are_reported_and_not_repeated() {
    let engine = Engine::shared().unwrap();
    let recipe = Recipe::to_view("ARRI LogC4", &OutputView::rec709_sdr());
    let mut amf = compose(engine, &recipe, &[], &facts()).unwrap();
    let none = beside(&[]);
    let (_, report) = resolve(engine, &amf, &none, AmfOptions { media_is_aces: true }).unwrap();
    assert_eq!((report.steps.len(), report.already_applied.len()), (1, 1), "{report:?}");
    amf.pipeline.input.as_mut().unwrap().applied = Some(true);
    let (processor, report) = resolve(engine, &amf, &none, AmfOptions::default()).unwrap();
    assert_eq!((report.steps.len(), report.already_applied.len()), (1, 1), "{report:?}");
    let (mut got, mut want) = (pixels(), pixels());
    processor.apply(&mut got);
    engine.processor(&Recipe::to_view("ACES2065-1", &OutputView::rec709_sdr())).unwrap().apply(&mut want);
    assert_eq!(got, want);
}

#[test]
fn a_foreign_rendering_transform_is_not_taken_for_the_academys() {
    let engine = Engine::shared().unwrap();
    let recipe = Recipe::to_view("ACES2065-1", &OutputView::rec709_sdr_aces13());
    let mut amf = compose(engine, &recipe, &[], &facts()).unwrap();
    let none = beside(&[]);
    assert!(resolve(engine, &amf, &none, AmfOptions::default()).is_ok());
    let foreign = "urn:ampas:aces:transformId:v1.5:RRT.a1.9.9";
    amf.pipeline.output.as_mut().unwrap().pair.as_mut().unwrap().rendering = Some(TransformRef::id(foreign));
    let error = resolve(engine, &amf, &none, AmfOptions::default()).err();
    assert_eq!(error, Some(ColorError::UnknownTransformId(foreign.into())));
}

#[test]
fn an_id_of_another_version_is_another_id() {
    let engine = Engine::shared().unwrap();
    let none = beside(&[]);
    for id in [
        "urn:ampas:aces:transformId:v1.5:IDT.ARRI.Alexa-v3-logC-EI800.a1.v9",
        "urn:ampas:aces:transformId:v1.5:IDT.Canon.CanonLog2_BT2020_D55.a1.v1",
        "urn:ampas:aces:transformId:v2.0:CSC.Sony.SLog9_SGamut_to_ACES.a2.v1",
    ] {
        let recipe = Recipe::to_view("ARRI LogC4", &OutputView::rec709_sdr());
        let mut amf = compose(engine, &recipe, &[], &facts()).unwrap();
        amf.pipeline.input.as_mut().unwrap().itself = TransformRef::id(id);
        let error = resolve(engine, &amf, &none, AmfOptions::default()).err();
        assert_eq!(error, Some(ColorError::UnknownTransformId(id.into())));
    }
}
