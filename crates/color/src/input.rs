//! Owns the choice of a camera's input space from its metadata. A choice says why it was made; what the metadata does not say is
//! unknown and stays so (invariant 10).

use serde::{Deserialize, Serialize};

/// What the metadata says about the pixels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum InputChoice {
    /// Scene-referred: an input space of the configuration.
    Scene {
        /// Colour space of the configuration.
        space: String,
        /// Why.
        reason: String,
    },
    /// Already made for a display: no output transform may be applied again.
    Display {
        /// Display colour space of the configuration.
        space: String,
        /// Why.
        reason: String,
    },
    /// Not known; a picture made from it is not colour managed and says so.
    Unknown {
        /// What is missing.
        reason: String,
    },
}

impl InputChoice {
    /// A space that a person or a recipe names.
    #[must_use]
    pub fn explicit(space: &str) -> Self {
        Self::Scene { space: space.to_owned(), reason: "chosen by hand".to_owned() }
    }

    /// The space, if known.
    #[must_use]
    pub fn space(&self) -> Option<&str> {
        match self {
            Self::Scene { space, .. } | Self::Display { space, .. } => Some(space),
            Self::Unknown { .. } => None,
        }
    }

    /// Why it was chosen, or what is missing.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Scene { reason, .. } | Self::Display { reason, .. } | Self::Unknown { reason } => reason,
        }
    }
}

/// Which gamut a log curve goes with.
enum Gamut {
    /// The maker defines the curve with this gamut only; the metadata may leave it out or must agree.
    Implied(&'static [&'static str]),
    /// The curve is used with several; the metadata must say which.
    Stated(&'static [&'static str]),
}

/// Curve names (letters and digits only, lower case), gamut, colour space. Longer names first where one contains another.
const TABLE: &[(&[&str], Gamut, &str)] = &[
    (&["logc4", "arrilogc4"], Gamut::Implied(&["awg4", "arriwidegamut4", "alexawidegamut4"]), "ARRI LogC4"),
    (
        &["logc3", "arrilogc3", "logc", "arrilogc", "logcei800", "logc3ei800", "arrilogc3ei800", "alexav3logc", "alexalogc"],
        Gamut::Implied(&[
            "awg",
            "awg3",
            "arriwidegamut",
            "arriwidegamut3",
            "alexawidegamut",
            "alexawidegamut3",
            "alexawidegamutrgb",
        ]),
        "ARRI LogC3 (EI800)",
    ),
    (SLOG3, Gamut::Stated(&["venicesgamut3cine", "sgamut3cinevenice"]), "S-Log3 Venice S-Gamut3.Cine"),
    (SLOG3, Gamut::Stated(&["venicesgamut3", "sgamut3venice"]), "S-Log3 Venice S-Gamut3"),
    (SLOG3, Gamut::Stated(&["sgamut3cine", "sonysgamut3cine"]), "S-Log3 S-Gamut3.Cine"),
    (SLOG3, Gamut::Stated(&["sgamut3", "sonysgamut3"]), "S-Log3 S-Gamut3"),
    (&["log3g10", "redlog3g10"], Gamut::Stated(&["redwidegamutrgb", "rwg", "rwgrgb", "redwidegamut"]), "Log3G10 REDWideGamutRGB"),
    (CLOG2, Gamut::Stated(&["cinemagamut", "canoncinemagamut", "cinemagamutd55", "cgamut"]), "CanonLog2 CinemaGamut D55"),
    (CLOG3, Gamut::Stated(&["cinemagamut", "canoncinemagamut", "cinemagamutd55", "cgamut"]), "CanonLog3 CinemaGamut D55"),
    (&["vlog", "panasonicvlog"], Gamut::Implied(&["vgamut", "panasonicvgamut"]), "V-Log V-Gamut"),
    (
        &["bmdfilm", "bmdfilmgen5", "blackmagicfilm", "blackmagicdesignfilm", "blackmagicdesignfilmgen5", "blackmagicfilmgen5"],
        Gamut::Stated(&[
            "bmdwidegamutgen5",
            "widegamutgen5",
            "blackmagicwidegamutgen5",
            "blackmagicdesignwidegamutgen5",
            "blackmagicdesignwidegamutgen45",
        ]),
        "BMDFilm WideGamut Gen5",
    ),
    (&["davinciintermediate"], Gamut::Stated(&["davinciwidegamut", "dwg"]), "DaVinci Intermediate WideGamut"),
    (&["dlog", "djidlog"], Gamut::Stated(&["dgamut", "djidgamut"]), "D-Log D-Gamut"),
    (&["applelog2"], Gamut::Stated(&["applewidegamut", "awgapple"]), "Apple Log 2"),
    (&["applelog"], Gamut::Implied(&["rec2020", "bt2020", "rec2020d65", "itur2020"]), "Apple Log"),
    (&["acescct"], Gamut::Implied(&["ap1", "acesap1", "acescg"]), "ACEScct"),
    (&["acescc"], Gamut::Implied(&["ap1", "acesap1", "acescg"]), "ACEScc"),
    (&["acescg"], Gamut::Implied(&["ap1", "acesap1", "acescg"]), "ACEScg"),
    (LINEAR, Gamut::Stated(&["ap1", "acesap1", "acescg"]), "ACEScg"),
    (&["aces20651", "aces"], Gamut::Implied(&["ap0", "acesap0", "aces", "aces20651"]), "ACES2065-1"),
    (LINEAR, Gamut::Stated(&["ap0", "acesap0", "aces", "aces20651"]), "ACES2065-1"),
    (LINEAR, Gamut::Stated(&["rec709", "bt709", "srgb", "itur709"]), "Linear Rec.709 (sRGB)"),
    (LINEAR, Gamut::Stated(&["rec2020", "bt2020", "itur2020"]), "Linear Rec.2020"),
    (LINEAR, Gamut::Stated(&["p3d65", "displayp3"]), "Linear P3-D65"),
    (LINEAR, Gamut::Stated(&["awg4", "arriwidegamut4"]), "Linear ARRI Wide Gamut 4"),
    (LINEAR, Gamut::Stated(&["awg3", "arriwidegamut3"]), "Linear ARRI Wide Gamut 3"),
    (LINEAR, Gamut::Stated(&["sgamut3cine"]), "Linear S-Gamut3.Cine"),
    (LINEAR, Gamut::Stated(&["sgamut3"]), "Linear S-Gamut3"),
    (LINEAR, Gamut::Stated(&["redwidegamutrgb", "rwg"]), "Linear REDWideGamutRGB"),
    (LINEAR, Gamut::Stated(&["vgamut"]), "Linear V-Gamut"),
    (&["adx10"], Gamut::Implied(&["apd"]), "ADX10"),
    (&["adx16"], Gamut::Implied(&["apd"]), "ADX16"),
];
const SLOG3: &[&str] =
    &["slog3", "sonyslog3", "sgamut3cineslog3", "slog3cine", "sgamut3slog3", "slog3sgamut3cine", "slog3sgamut3"];
const CLOG2: &[&str] = &["canonlog2", "clog2"];
const CLOG3: &[&str] = &["canonlog3", "clog3"];
const HDR_VIDEO: &[&str] = &["hlg", "hybridloggamma", "aribstdb67", "pq", "st2084", "smpte2084", "smptest2084"];
const LINEAR: &[&str] = &["linear", "lin", "scenelinear"];
const VIDEO: &[&str] = &[
    "rec709",
    "bt709",
    "itur709",
    "itu709",
    "rec1886",
    "bt1886",
    "rec709bt1886",
    "iturbt709",
    "itur709transferfunction",
    "rec709800",
];

/// Letters and digits in lower case; `+` and the like never decide.
fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The input space for the canonical fields `color.gamma` and `color.primaries`. A colour space of the configuration by its full
/// name in `color.gamma` is taken as it stands.
#[must_use]
pub fn input_space(gamma: Option<&str>, primaries: Option<&str>) -> InputChoice {
    let said = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let (gamma, primaries) = (said(gamma), said(primaries));
    let Some(gamma) = gamma else {
        let reason = match primaries {
            Some(gamut) => format!("the metadata names the primaries {gamut} but no transfer curve"),
            None => "the metadata names no transfer curve".to_owned(),
        };
        return InputChoice::Unknown { reason };
    };
    let curve = plain(&gamma);
    let gamut = primaries.as_deref().map(plain);
    let told = match &primaries {
        Some(gamut) => format!("metadata: {gamma}, {gamut}"),
        None => format!("metadata: {gamma}"),
    };
    if let Some((_, _, space)) = TABLE.iter().find(|(_, _, space)| plain(space) == curve) {
        let own_gamut = TABLE.iter().filter(|(_, _, name)| name == space).any(|(_, rule, _)| match (rule, &gamut) {
            (_, None) => true,
            (Gamut::Implied(names) | Gamut::Stated(names), Some(gamut)) => names.contains(&gamut.as_str()),
        });
        return if own_gamut {
            InputChoice::Scene { space: (*space).to_owned(), reason: told }
        } else {
            InputChoice::Unknown { reason: format!("{told}: curve and primaries do not belong together") }
        };
    }
    if VIDEO.contains(&curve.as_str()) {
        let fits = gamut
            .as_deref()
            .is_none_or(|gamut| matches!(gamut, "rec709" | "bt709" | "itur709" | "srgb" | "rec709d65" | "iturbt709"));
        return if fits {
            InputChoice::Display {
                space: "Rec.1886 Rec.709 - Display".to_owned(),
                reason: format!("{told}: already made for a display"),
            }
        } else {
            InputChoice::Unknown { reason: format!("{told}: curve and primaries do not belong together") }
        };
    }
    if HDR_VIDEO.contains(&curve.as_str()) {
        return InputChoice::Unknown { reason: format!("{told}: HDR video made for a display is not converted to another view") };
    }
    let mut curve_known = false;
    for (names, rule, space) in TABLE {
        if !names.contains(&curve.as_str()) {
            continue;
        }
        curve_known = true;
        // Some cameras write both in one field.
        let in_curve = |gamuts: &[&str]| {
            gamuts.iter().any(|name| curve.len() > name.len() && (curve.starts_with(name) || curve.ends_with(name)))
        };
        let chosen = match (rule, &gamut) {
            (Gamut::Implied(_), None) => true,
            (Gamut::Stated(gamuts), None) => in_curve(gamuts),
            (Gamut::Implied(gamuts) | Gamut::Stated(gamuts), Some(gamut)) => gamuts.contains(&gamut.as_str()),
        };
        if chosen {
            return InputChoice::Scene { space: (*space).to_owned(), reason: told };
        }
    }
    let reason = match (curve_known, gamut) {
        (true, None) => format!("{told}: this curve is used with several sets of primaries and the metadata does not say which"),
        (true, Some(_)) => format!("{told}: curve and primaries do not belong together"),
        (false, _) => format!("{told}: no input transform is known for this curve"),
    };
    InputChoice::Unknown { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(gamma: Option<&str>, primaries: Option<&str>) -> Option<String> {
        input_space(gamma, primaries).space().map(str::to_owned)
    }

    #[test]
    fn what_cameras_write_finds_its_space() {
        for (gamma, primaries, want) in [
            ("LOG-C", None, "ARRI LogC3 (EI800)"),
            ("LogC3", Some("AWG3"), "ARRI LogC3 (EI800)"),
            ("LogC4", None, "ARRI LogC4"),
            ("ARRI LogC4", Some("ARRI Wide Gamut 4"), "ARRI LogC4"),
            ("S-Log3", Some("S-Gamut3.Cine"), "S-Log3 S-Gamut3.Cine"),
            ("s-log3", Some("S-Gamut3"), "S-Log3 S-Gamut3"),
            ("S-Gamut3.Cine/S-Log3", None, "S-Log3 S-Gamut3.Cine"),
            ("S-Gamut3/S-Log3", None, "S-Log3 S-Gamut3"),
            ("Log3G10", Some("REDWideGamutRGB"), "Log3G10 REDWideGamutRGB"),
            ("Canon Log 3", Some("Cinema Gamut"), "CanonLog3 CinemaGamut D55"),
            ("V-Log", Some("V-Gamut"), "V-Log V-Gamut"),
            ("S-Log3 S-Gamut3.Cine", None, "S-Log3 S-Gamut3.Cine"),
            ("ACEScct", None, "ACEScct"),
            ("linear", Some("AP0"), "ACES2065-1"),
            ("linear", Some("Rec.709"), "Linear Rec.709 (sRGB)"),
            ("linear", Some("P3-D65"), "Linear P3-D65"),
            ("ARRI LogC3", Some("ARRI Wide Gamut 3"), "ARRI LogC3 (EI800)"),
            ("BMDFilm Gen5", Some("Blackmagic Wide Gamut Gen5"), "BMDFilm WideGamut Gen5"),
            ("DaVinci Intermediate", Some("DaVinci Wide Gamut"), "DaVinci Intermediate WideGamut"),
            ("D-Log", Some("D-Gamut"), "D-Log D-Gamut"),
            ("Canon Log 2", Some("Cinema Gamut"), "CanonLog2 CinemaGamut D55"),
            ("Apple Log", Some("Rec.2020"), "Apple Log"),
        ] {
            assert_eq!(space(Some(gamma), primaries).as_deref(), Some(want), "{gamma} {primaries:?}");
        }
        assert!(matches!(input_space(Some("Rec.709"), None), InputChoice::Display { .. }));
    }

    #[test]
    fn nothing_is_guessed() {
        for (gamma, primaries) in [
            (None, None),
            (None, Some("S-Gamut3")),
            (Some("S-Log3"), None),
            (Some("S-Log2"), Some("S-Gamut")),
            (Some("LogC4"), Some("S-Gamut3")),
            (Some("Log3G10"), None),
            (Some("D-Log M"), None),
            (Some("Rec.709"), Some("S-Gamut3")),
            (Some("ARRI LogC4"), Some("Rec.709")),
            (Some("HLG"), Some("Rec.2020")),
            (Some("linear"), None),
            (Some("REDLogFilm"), None),
            (Some("whatever"), None),
            (Some("  "), None),
        ] {
            let choice = input_space(gamma, primaries);
            assert!(
                matches!(&choice, InputChoice::Unknown { reason } if reason.len() > 10),
                "{gamma:?} {primaries:?}: {choice:?}"
            );
        }
    }

    #[test]
    fn every_space_that_can_be_chosen_exists() {
        let engine = crate::Engine::shared().expect("the embedded configuration is read");
        for (_, _, name) in TABLE {
            assert_eq!(engine.space(crate::Aces::V2_0, name), Ok(Some((*name).to_owned())));
        }
    }
}
