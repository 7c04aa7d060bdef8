//! Owns how colour names of makers become canonical names. An unknown name is kept as it stands and never replaced by a
//! likely one (invariant 10).

/// Letters and digits only, lower case: makers disagree about blanks, dots and dashes.
pub(crate) fn squeezed(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

const GAMMAS: &[(&str, &[&str])] = &[
    ("ARRI LogC4", &["logc4", "arrilogc4", "comarrigammalogc4"]),
    ("ARRI LogC3", &["logc", "logc3", "arrilogc", "arrilogc3", "comarrigammalogc", "alexav3logc"]),
    ("S-Log3", &["slog3", "sonyslog3", "slog3cine"]),
    ("S-Log2", &["slog2", "sonyslog2"]),
    ("Log3G10", &["log3g10", "redlog3g10"]),
    ("Log3G12", &["log3g12", "redlog3g12"]),
    ("REDLogFilm", &["redlogfilm"]),
    ("V-Log", &["vlog", "panasonicvlog"]),
    ("Canon Log", &["canonlog", "clog"]),
    ("Canon Log 2", &["canonlog2", "clog2"]),
    ("Canon Log 3", &["canonlog3", "clog3"]),
    ("BMDFilm Gen5", &["blackmagicdesignfilmgen5", "bmdfilmgen5", "blackmagicdesignfilm", "blackmagicfilmgen5"]),
    ("D-Log", &["dlog", "djidlog"]),
    ("D-Log M", &["dlogm", "djidlogm"]),
    ("N-Log", &["nlog", "nikonnlog"]),
    ("F-Log", &["flog", "fujifilmflog"]),
    ("F-Log2", &["flog2", "fujifilmflog2"]),
    ("Apple Log", &["applelog", "comapplelog"]),
    ("DaVinci Intermediate", &["davinciintermediate"]),
    ("ACEScct", &["acescct"]),
    ("ACEScc", &["acescc"]),
    ("HLG", &["hlg", "hybridloggamma", "rec2100hlg", "aribstdb67"]),
    ("PQ", &["pq", "st2084", "smptest2084", "rec2100pq"]),
    ("Rec.709", &["rec709", "bt709", "itu709", "itur709", "iturbt709", "rec709800", "rec"]),
    ("linear", &["linear", "lin", "scenelinear"]),
];

const PRIMARIES: &[(&str, &[&str])] = &[
    ("ARRI Wide Gamut 4", &["arriwidegamut4", "awg4", "alexawidegamut4"]),
    ("ARRI Wide Gamut 3", &["arriwidegamut3", "awg3", "awg", "arriwidegamut", "alexawidegamut"]),
    ("S-Gamut3.Cine", &["sgamut3cine", "sonysgamut3cine"]),
    ("S-Gamut3", &["sgamut3", "sonysgamut3"]),
    ("S-Gamut", &["sgamut", "sonysgamut"]),
    ("REDWideGamutRGB", &["redwidegamutrgb", "rwg", "rwgrgb", "redwidegamut"]),
    ("V-Gamut", &["vgamut", "panasonicvgamut"]),
    ("Cinema Gamut", &["cinemagamut", "canoncinemagamut"]),
    (
        "Blackmagic Wide Gamut Gen5",
        &["blackmagicwidegamutgen5", "blackmagicdesignwidegamutgen5", "bmdwidegamutgen5", "blackmagicdesign"],
    ),
    ("DaVinci Wide Gamut", &["davinciwidegamut", "dwg"]),
    ("D-Gamut", &["dgamut", "djidgamut"]),
    ("Apple Wide Gamut", &["applewidegamut"]),
    ("Rec.2020", &["rec2020", "bt2020", "itur2020", "iturbt2020", "itu2020"]),
    ("Rec.709", &["rec709", "bt709", "itur709", "iturbt709", "itu709"]),
    ("P3-D65", &["p3d65", "displayp3"]),
    ("AP0", &["ap0", "acesap0"]),
    ("AP1", &["ap1", "acesap1"]),
];

fn find(table: &[(&'static str, &[&str])], text: &str) -> Option<&'static str> {
    let wanted = squeezed(text);
    table.iter().find(|(_, names)| names.contains(&wanted.as_str())).map(|(canonical, _)| *canonical)
}

/// Curve and, where the maker names both in one word (`S-Gamut3.Cine/S-Log3`), primaries.
pub(crate) fn gamma(text: &str) -> (String, Option<&'static str>) {
    if let Some((curve, gamut)) = known_space(text) {
        return (curve.to_owned(), gamut);
    }
    (text.trim().to_owned(), None)
}

/// Curve and primaries, only where both the words of a free text are known names.
pub(crate) fn known_space(text: &str) -> Option<(&'static str, Option<&'static str>)> {
    if let Some(curve) = find(GAMMAS, text) {
        return Some((curve, None));
    }
    let breaks = text.char_indices().filter(|(_, c)| matches!(c, ' ' | '/' | ','));
    for (at, c) in breaks {
        let (first, second) = (&text[..at], &text[at + c.len_utf8()..]);
        for (curve, gamut) in [(first, second), (second, first)] {
            if let (Some(curve), Some(gamut)) = (find(GAMMAS, curve), find(PRIMARIES, gamut)) {
                return Some((curve, Some(gamut)));
            }
        }
    }
    None
}

/// Canonical name of a set of primaries, or the maker's text.
pub(crate) fn primaries(text: &str) -> String {
    find(PRIMARIES, text).map_or_else(|| text.trim().to_owned(), str::to_owned)
}

/// Primaries that a curve is only ever used with.
pub(crate) fn implied_primaries(gamma: &str) -> Option<&'static str> {
    Some(match gamma {
        "ARRI LogC4" => "ARRI Wide Gamut 4",
        "ARRI LogC3" => "ARRI Wide Gamut 3",
        "V-Log" => "V-Gamut",
        _ => return None,
    })
}

/// Transfer and primaries of a container's colour numbers (ITU-T H.273), where they are telling.
pub(crate) fn h273_transfer(code: u16) -> Option<&'static str> {
    Some(match code {
        1 | 6 | 14 | 15 => "Rec.709",
        8 => "linear",
        16 => "PQ",
        18 => "HLG",
        _ => return None,
    })
}

/// See `h273_transfer`.
pub(crate) fn h273_primaries(code: u16) -> Option<&'static str> {
    Some(match code {
        1 => "Rec.709",
        9 => "Rec.2020",
        12 => "P3-D65",
        _ => return None,
    })
}

/// Names of primaries by their chromaticities (red, green, blue, white; x and y each), within 0.0005.
pub(crate) fn primaries_of(chromaticities: [f32; 8]) -> Option<&'static str> {
    const KNOWN: &[(&str, [f32; 8])] = &[
        ("AP1", [0.713, 0.293, 0.165, 0.830, 0.128, 0.044, 0.321_68, 0.337_67]),
        ("AP0", [0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.321_68, 0.337_67]),
        ("Rec.709", [0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290]),
        ("Rec.2020", [0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290]),
        ("P3-D65", [0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.3127, 0.3290]),
        ("ARRI Wide Gamut 3", [0.684, 0.313, 0.221, 0.848, 0.0861, -0.102, 0.3127, 0.3290]),
        ("ARRI Wide Gamut 4", [0.7347, 0.2653, 0.1424, 0.8576, 0.0991, -0.0308, 0.3127, 0.3290]),
    ];
    KNOWN.iter().find(|(_, known)| known.iter().zip(chromaticities).all(|(a, b)| (a - b).abs() < 0.0005)).map(|(name, _)| *name)
}

/// The maker a lens model begins with, where it is one that writes itself there.
pub(crate) fn lens_maker(model: &str) -> Option<&'static str> {
    const MAKERS: &[&str] =
        &["ARRI", "Angenieux", "Canon", "Cooke", "Fujinon", "Leica", "Leitz", "Panavision", "Sigma", "Sony", "Tokina", "Zeiss"];
    let word = model.split_whitespace().next()?;
    // ARRI spells makers as its lens table does.
    let word = if word.eq_ignore_ascii_case("Angénieux") { "Angenieux" } else { word };
    MAKERS.iter().find(|maker| maker.eq_ignore_ascii_case(word)).copied()
}

/// Whether a text names a program that writes or converts files, and no camera's firmware.
pub(crate) fn is_program(text: &str) -> bool {
    const PROGRAMS: &[&str] = &[
        "lavf",
        "lavc",
        "ffmpeg",
        "libav",
        "handbrake",
        "adobe",
        "photoshop",
        "lightroom",
        "premiere",
        "after effects",
        "media encoder",
        "final cut",
        "compressor",
        "imovie",
        "davinci",
        "resolve",
        "avid",
        "quicktime player",
        "dng converter",
        "libraw",
        "dcraw",
        "exiftool",
        "imagemagick",
        "gimp",
        "shutter encoder",
        "gstreamer",
        "mainconcept",
        "nuke",
        "vlc",
        "capture one",
        "affinity",
        "mkvmerge",
    ];
    let lower = text.to_ascii_lowercase();
    PROGRAMS.iter().any(|program| lower.contains(program))
}

/// The maker whose name a text begins with, as the software fields of stills cameras have it (`CanonMVI06`).
pub(crate) fn maker_in(text: &str) -> Option<&'static str> {
    const MAKERS: &[&str] =
        &["Canon", "Nikon", "Casio", "Olympus", "Pentax", "Fujifilm", "Sony", "Panasonic", "Kodak", "Samsung", "GoPro", "Leica"];
    let lower = text.trim().to_ascii_lowercase();
    MAKERS.iter().find(|maker| lower.starts_with(&maker.to_ascii_lowercase())).copied()
}

/// Whether a text is a maker's way to say that it does not know.
pub(crate) fn is_vendor_unknown(text: &str) -> bool {
    matches!(
        text.trim().to_ascii_lowercase().as_str(),
        "--" | "-" | "n.a." | "n/a" | "na" | "unknown" | "not available" | "none" | "65535" | "409.5" | "409.500"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_of_two_names_is_taken_apart() {
        assert_eq!(gamma("S-Gamut3.Cine/S-Log3"), ("S-Log3".to_owned(), Some("S-Gamut3.Cine")));
        assert_eq!(gamma("LOG-C"), ("ARRI LogC3".to_owned(), None));
        assert_eq!(gamma("Maker Log 9"), ("Maker Log 9".to_owned(), None));
        assert_eq!(primaries("s-gamut3-cine"), "S-Gamut3.Cine");
    }
}
