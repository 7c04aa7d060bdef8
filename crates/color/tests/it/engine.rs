use checkgate_color::{Aces, Cdl, ColorEngine, ColorError, Engine, Lut3d, OutputView, Processor, Recipe, Target, apply_parallel};

#[test]
fn an_unknown_name_is_an_error_and_never_substituted() {
    let engine = Engine::shared().unwrap();
    let good = Recipe::to_view("ARRI LogC4", &OutputView::rec709_sdr());
    assert!(engine.processor(&good).is_ok());
    let refused = |recipe: Recipe| engine.processor(&recipe).err();
    assert_eq!(refused(Recipe { source: "S-Log9".into(), ..good.clone() }), Some(ColorError::UnknownSpace("S-Log9".into())));
    assert_eq!(refused(Recipe { source: String::new(), ..good.clone() }), Some(ColorError::UnknownSpace(String::new())));
    assert_eq!(
        refused(Recipe { source: "ARRI LogC3 (EI50)".into(), ..good.clone() }),
        Some(ColorError::UnknownSpace("ARRI LogC3 (EI50)".into()))
    );
    assert_eq!(refused(Recipe::to_space("ACEScg", "nowhere")), Some(ColorError::UnknownSpace("nowhere".into())));
    assert_eq!(refused(Recipe { look: Some("Warm".into()), ..good.clone() }), Some(ColorError::UnknownLook("Warm".into())));
    let target = |display: &str, view: &str| Target::Display { display: display.into(), view: view.into() };
    assert_eq!(
        refused(Recipe { target: target("My TV", "Raw"), ..good.clone() }),
        Some(ColorError::UnknownDisplay("My TV".into()))
    );
    assert!(matches!(
        refused(Recipe { target: target("sRGB - Display", "ACES 9"), ..good.clone() }),
        Some(ColorError::UnknownView { .. })
    ));
    assert!(
        matches!(refused(Recipe { aces: Aces::V1_3, ..good.clone() }), Some(ColorError::UnknownView { .. })),
        "a 2.0 view is not in ACES 1.3"
    );
    assert!(matches!(
        refused(Recipe { cdl: Some(Cdl { saturation: -1.0, ..Cdl::IDENTITY }), ..good }),
        Some(ColorError::BadCdl(_))
    ));
}

#[test]
fn aliases_name_the_same_transform() {
    let engine = Engine::shared().unwrap();
    let convert = |recipe: &Recipe| {
        let mut pixel = [[0.3_f32, 0.4, 0.5]];
        engine.processor(recipe).unwrap().apply(&mut pixel);
        pixel
    };
    assert_eq!(convert(&Recipe::to_space("arri_logc4", "aces2065_1")), convert(&Recipe::to_space("ARRI LogC4", "ACES2065-1")));
    let view = OutputView { display: "rec1886_rec709_display".into(), ..OutputView::rec709_sdr() };
    assert_eq!(
        convert(&Recipe::to_view("ARRI LogC4", &view)),
        convert(&Recipe::to_view("ARRI LogC4", &OutputView::rec709_sdr()))
    );
}

#[test]
fn lists_what_recipes_can_name() {
    let engine = Engine::shared().unwrap();
    for aces in [Aces::V2_0, Aces::V1_3] {
        let listing = engine.list(aces).unwrap();
        assert!(
            listing
                .spaces
                .iter()
                .any(|space| space.name == "ARRI LogC4" && space.aliases.iter().any(|alias| alias == "arri_logc4"))
        );
        assert!(listing.spaces.iter().all(|space| !space.name.is_empty()));
        assert_eq!(listing.looks, ["ACES 1.3 Reference Gamut Compression"]);
        for display in &listing.displays {
            assert!(!display.views.is_empty(), "{}", display.name);
            for view in &display.views {
                let target = Target::Display { display: display.name.clone(), view: view.clone() };
                let recipe = Recipe { source: "ACES2065-1".into(), target, look: None, cdl: None, aces };
                assert!(engine.processor(&recipe).is_ok(), "{} {view}", display.name);
            }
        }
    }
}

#[test]
fn a_space_only_the_newer_config_knows_meets_aces_1_3_in_ap0() {
    let engine = Engine::shared().unwrap();
    let mut direct = [[0.4_f32, 0.35, 0.3]];
    let mut by_hand = direct;
    engine.processor(&Recipe::to_view("Apple Log 2", &OutputView::rec709_sdr_aces13())).unwrap().apply(&mut direct);
    engine.processor(&Recipe::to_space("Apple Log 2", "ACES2065-1")).unwrap().apply(&mut by_hand);
    engine.processor(&Recipe::to_view("ACES2065-1", &OutputView::rec709_sdr_aces13())).unwrap().apply(&mut by_hand);
    assert_eq!(direct, by_hand);
}

#[test]
fn logc3_at_ei_800_agrees_with_the_configuration() {
    let engine = Engine::shared().unwrap();
    let own = checkgate_color::logc3::Curve::new(800).unwrap();
    let mut pixels: Vec<[f32; 3]> = (0..=100).map(|step| [step as f32 / 100.0; 3]).collect();
    let codes = pixels.clone();
    engine.processor(&Recipe::to_space("ARRI LogC3 (EI800)", "Linear ARRI Wide Gamut 3")).unwrap().apply(&mut pixels);
    for (code, linear) in codes.iter().zip(&pixels) {
        let mine = own.linear_from_code(code[0]);
        assert!((mine - linear[0]).abs() <= 2e-4 * linear[0].abs().max(0.01), "{} {mine} {}", code[0], linear[0]);
    }
    assert!(engine.processor(&Recipe::to_view("ARRI LogC3 (EI1600)", &OutputView::rec709_sdr())).is_ok());
}

/// A smooth log-encoded picture: a hue sweep around grey through the exposure range of a camera.
fn log_picture() -> Vec<[f32; 3]> {
    (0..160)
        .flat_map(|line| {
            (0..240).map(move |column| {
                let level = 0.12 + 0.5 * column as f32 / 240.0;
                let angle = line as f32 / 160.0 * std::f32::consts::TAU;
                let chroma = 0.06 * (column as f32 / 240.0 * std::f32::consts::PI).sin();
                [level + chroma * angle.cos(), level + chroma * (angle + 2.1).cos(), level + chroma * (angle + 4.2).cos()]
            })
        })
        .collect()
}

#[test]
fn the_65_cube_for_proxies_stays_within_a_stated_error() {
    let engine = Engine::shared().unwrap();
    for source in ["ARRI LogC4", "ARRI LogC3 (EI800)", "S-Log3 S-Gamut3.Cine"] {
        let exact = engine.processor(&Recipe::to_view(source, &OutputView::rec709_sdr())).unwrap();
        let lut = Lut3d::bake(exact.as_ref(), Lut3d::PROXY_SIZE);
        let (mut want, mut got) = (log_picture(), log_picture());
        apply_parallel(exact.as_ref(), &mut want);
        apply_parallel(&lut, &mut got);
        let mut codes: Vec<f32> =
            got.as_flattened().iter().zip(want.as_flattened()).map(|(a, b)| (a - b).abs() * 1023.0).collect();
        codes.sort_by(f32::total_cmp);
        let mean = codes.iter().sum::<f32>() / codes.len() as f32;
        let (p99, max) = (codes[codes.len() * 99 / 100], codes[codes.len() - 1]);
        eprintln!("65^3 against exact, {source}: mean {mean:.3}, p99 {p99:.2}, max {max:.2} codes of 1023");
        assert!(mean < 1.0 && p99 < 8.0 && max < 40.0, "{source}: mean {mean} p99 {p99} max {max}");
        assert!(lut.description().contains("65^3"));
    }
}
