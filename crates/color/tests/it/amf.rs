use crate::vectors::samples;
use checkgate_color::{ColorError, Engine, amf_processor};
use std::path::{Path, PathBuf};

pub(crate) fn amf_files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            amf_files(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "amf") {
            out.push(path);
        }
    }
}

#[test]
fn every_sample_amf_is_followed_or_refused_by_name() {
    let Some(color) = samples() else { return };
    let engine = Engine::shared().unwrap();
    let mut files = Vec::new();
    amf_files(&color.join("amf"), &mut files);
    let (mut followed, mut unknown, mut other) = (0, 0, 0);
    for path in &files {
        let folder = path.parent().unwrap().to_path_buf();
        let xml = std::fs::read_to_string(path).unwrap();
        match amf_processor(engine, &xml, &|file| std::fs::read(folder.join(file.as_str())).ok()) {
            Ok(_) => followed += 1,
            Err(ColorError::UnknownTransformId(id)) => {
                unknown += 1;
                assert!(id.starts_with("urn:"), "{id}");
            }
            Err(error) => {
                other += 1;
                eprintln!("{}: {error}", path.file_name().unwrap().to_string_lossy());
            }
        }
    }
    eprintln!(
        "AMF: {} files, {followed} followed, {unknown} with an id that nothing implements, {other} refused otherwise",
        files.len()
    );
    assert!(followed >= 120, "{followed}");
}

fn amf(look: &str, output: &str) -> String {
    format!(
        r#"<aces:acesMetadataFile xmlns:aces="urn:ampas:aces:amf:v2.0" xmlns:cdl="urn:ASC:CDL:v1.01" version="2.0"><aces:pipeline>
        {look}<aces:outputTransform applied="false"><aces:transformId>{output}</aces:transformId></aces:outputTransform>
        </aces:pipeline></aces:acesMetadataFile>"#
    )
}

const REC709: &str = "urn:ampas:aces:transformId:v2.0:Output.Academy.Rec709-D65_100nit_in_Rec709-D65_BT1886.a2.v1";

#[test]
fn an_amf_never_reads_outside_its_folder_and_never_guesses() {
    let engine = Engine::shared().unwrap();
    let refused = |xml: &str| amf_processor(engine, xml, &|path| panic!("{path} must not be read")).err();
    assert!(amf_processor(engine, &amf("", REC709), &|_| None).is_ok());
    for file in ["../secret.clf", "/etc/passwd", "C:/x.cube\u{2f}..", ""] {
        let look = format!(r#"<aces:lookTransform applied="false"><aces:file>{file}</aces:file></aces:lookTransform>"#);
        assert!(matches!(refused(&amf(&look, REC709)), Some(ColorError::BadAmf(_))), "{file}");
    }
    let id = "urn:ampas:aces:transformId:v2.0:Output.Academy.Rec709-D65_101nit_in_Nowhere_BT1886.a2.v1";
    assert_eq!(refused(&amf("", id)), Some(ColorError::UnknownTransformId(id.to_owned())));
    let peak = "urn:ampas:aces:transformId:v2.0:Output.Academy.Rec709-D65_123nit_in_Rec709-D65_BT1886.a2.v1";
    assert!(refused(&amf("", peak)).is_some());
    for hostile in [
        "",
        "<a/>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "<aces:acesMetadataFile xmlns:aces=\"urn:ampas:aces:amf:v2.0\"/>",
    ] {
        assert!(matches!(refused(hostile), Some(ColorError::BadAmf(_))), "{hostile}");
    }
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    assert!(refused(&deep).is_some());
}

#[test]
fn a_look_file_that_names_another_file_is_refused() {
    let engine = Engine::shared().unwrap();
    let look = r#"<aces:lookTransform applied="false"><aces:file>a.ctf</aces:file></aces:lookTransform>"#;
    let ctf = br#"<?xml version="1.0"?><ProcessList version="2" id="x"><Reference path="/etc/other.clf" inBitDepth="32f" outBitDepth="32f"/></ProcessList>"#;
    let error = amf_processor(engine, &amf(look, REC709), &|_| Some(ctf.to_vec())).err();
    assert!(matches!(error, Some(ColorError::BadLookFile { .. })), "{error:?}");
    let noise = amf_processor(engine, &amf(look, REC709), &|_| Some(vec![0xff; 1000])).err();
    assert!(matches!(noise, Some(ColorError::BadLookFile { .. })), "{noise:?}");
}
