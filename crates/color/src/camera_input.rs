//! Owns the decision what a camera's pixels are: what a person said for this camera format first, then its metadata, with
//! provenance and confidence. What neither says stays unknown, with the spaces a person may choose from (invariant 10).

use crate::input::{InputChoice, input_space};
use crate::logc3;
use checkgate_model::{ClipRecord, FieldValue};
use serde::{Deserialize, Serialize};

/// What the metadata says; absent stays absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CameraFacts<'a> {
    /// Maker, as written.
    pub make: Option<&'a str>,
    /// Model, as written.
    pub model: Option<&'a str>,
    /// Container and codec, as written, e.g. `MXF XAVC`.
    pub format: Option<&'a str>,
    /// Transfer curve (`color.gamma`).
    pub gamma: Option<&'a str>,
    /// Primaries (`color.primaries`).
    pub primaries: Option<&'a str>,
    /// Exposure index, ISO.
    pub exposure_index: Option<u32>,
    /// White balance in kelvin.
    pub white_balance_kelvin: Option<u32>,
    /// Bits of a sample.
    pub bits: Option<u32>,
}

/// What a person decided for a camera format, for all clips that fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputOverride {
    /// Maker; absent fits all.
    pub make: Option<String>,
    /// Model; absent fits all.
    pub model: Option<String>,
    /// A part of the format's name; absent fits all.
    pub format: Option<String>,
    /// Transfer curve as the metadata says it; absent fits all, also clips that say none.
    pub gamma: Option<String>,
    /// The colour space.
    pub space: String,
    /// Why, or who said so.
    pub note: String,
}

/// How sure a decision is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Nothing is known.
    None,
    /// The metadata says a part; the rest is the maker's convention, named in the provenance.
    Convention,
    /// The metadata says all of it.
    Stated,
    /// A person said so.
    Person,
}

/// What was decided and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputDecision {
    /// The space, or what is missing.
    pub choice: InputChoice,
    /// How sure.
    pub confidence: Confidence,
    /// Each thing that led to it, with where it stood.
    pub provenance: Vec<String>,
    /// Spaces that the metadata allows where it does not say which; for a person to choose from.
    pub candidates: Vec<String>,
}

fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

impl InputOverride {
    fn fits(&self, facts: &CameraFacts<'_>) -> bool {
        let same = |want: &Option<String>, have: Option<&str>| {
            want.as_deref().is_none_or(|want| have.is_some_and(|have| plain(have) == plain(want)))
        };
        let part = |want: &Option<String>, have: Option<&str>| {
            want.as_deref().is_none_or(|want| have.is_some_and(|have| plain(have).contains(&plain(want))))
        };
        same(&self.make, facts.make)
            && same(&self.model, facts.model)
            && part(&self.format, facts.format)
            && same(&self.gamma, facts.gamma)
    }

    /// How much it demands; the narrowest override wins.
    fn narrowness(&self) -> usize {
        [&self.make, &self.model, &self.format, &self.gamma].into_iter().flatten().count()
    }
}

/// Decides the input space. Overrides come first, the narrowest of them; among equals the last.
#[must_use]
pub fn choose_input(facts: &CameraFacts<'_>, overrides: &[InputOverride]) -> InputDecision {
    if let Some(over) = overrides.iter().filter(|over| over.fits(facts)).max_by_key(|over| over.narrowness()) {
        return InputDecision {
            choice: InputChoice::Scene {
                space: over.space.clone(),
                reason: format!("chosen for this camera format: {}", over.note),
            },
            confidence: Confidence::Person,
            provenance: vec![format!("override: {}", over.note)],
            candidates: Vec::new(),
        };
    }
    let mut provenance = Vec::new();
    for (name, value) in [("color.gamma", facts.gamma), ("color.primaries", facts.primaries)] {
        if let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) {
            provenance.push(format!("{name} is {value:?}"));
        }
    }
    let curve = facts.gamma.map(plain).unwrap_or_default();
    if let Some(decision) = slog2_or_canon(facts, &curve, &mut provenance) {
        return decision;
    }
    let choice = input_space(facts.gamma, facts.primaries);
    let confidence = match (&choice, facts.primaries) {
        (InputChoice::Unknown { .. }, _) => Confidence::None,
        (_, Some(_)) => Confidence::Stated,
        // A curve alone: its name says the gamut as well, or the maker uses it with one only.
        _ => Confidence::Convention,
    };
    let mut decision = InputDecision { choice, confidence, provenance, candidates: Vec::new() };
    if decision.choice.space() == Some("ARRI LogC3 (EI800)") {
        logc3_by_index(facts, &mut decision);
    }
    if decision.confidence == Confidence::Convention {
        decision.provenance.push("the gamut is the one its maker uses with this curve".to_owned());
    }
    decision
}

/// The same from a clip's record.
#[must_use]
pub fn choose_for_record(record: &ClipRecord, overrides: &[InputOverride]) -> InputDecision {
    let text = |name: &str| Some(record.text(name)).filter(|text| !text.is_empty());
    let number = |name: &str| match record.get(name) {
        Some(FieldValue::Int(number)) => u32::try_from(*number).ok(),
        _ => None,
    };
    let (make, model, format) = (text("camera.make"), text("camera.model"), text("codec.name"));
    let (gamma, primaries) = (text("color.gamma"), text("color.primaries"));
    let facts = CameraFacts {
        make: make.as_deref(),
        model: model.as_deref(),
        format: format.as_deref(),
        gamma: gamma.as_deref(),
        primaries: primaries.as_deref(),
        exposure_index: number("exposure.index"),
        white_balance_kelvin: number("wb.kelvin"),
        bits: number("codec.bit_depth"),
    };
    choose_input(&facts, overrides)
}

impl InputDecision {
    /// The choice with all that led to it as its reason, and how sure it is.
    #[must_use]
    pub fn explained(self) -> InputChoice {
        let said = self.choice.reason().to_owned();
        let mut reason = said.clone();
        for step in self.provenance.iter().filter(|step| !step.contains(" is \"") && !step.starts_with("override")) {
            reason.push_str(&format!("; {step}"));
        }
        match self.confidence {
            Confidence::Stated => reason.push_str(" (stated)"),
            Confidence::Convention => reason.push_str(" (convention)"),
            Confidence::Person | Confidence::None => {}
        }
        if !self.candidates.is_empty() {
            reason.push_str(&format!("; to choose from: {}", self.candidates.join(", ")));
        }
        match self.choice {
            InputChoice::Scene { space, .. } => InputChoice::Scene { space, reason },
            InputChoice::Display { space, .. } => InputChoice::Display { space, reason },
            InputChoice::Unknown { .. } => InputChoice::Unknown { reason },
        }
    }
}

/// LogC3 depends on the exposure index (ARRI, "ALEXA Log C Curve: Usage in VFX").
fn logc3_by_index(facts: &CameraFacts<'_>, decision: &mut InputDecision) {
    match facts.exposure_index {
        Some(800) => decision.provenance.push("exposure.index is 800".to_owned()),
        Some(index) if logc3::EXPOSURE_INDICES.contains(&index) => {
            let space =
                if index == 1600 { "ARRI LogC3 (EI1600, with roll-off)".to_owned() } else { format!("ARRI LogC3 (EI{index})") };
            let reason = format!("{}, exposure index {index}", decision.choice.reason());
            decision.choice = InputChoice::Scene { space, reason };
            decision.provenance.push(format!("exposure.index is {index}"));
        }
        Some(index) => {
            decision.confidence = Confidence::Convention;
            decision
                .provenance
                .push(format!("exposure.index is {index}, for which ARRI publishes no curve; that of EI 800 is taken"));
        }
        None => {
            decision.confidence = Confidence::Convention;
            decision.provenance.push("the exposure index is not known; the curve of EI 800 is taken".to_owned());
        }
    }
}

/// Curves whose transform depends on the light (Sony S-Log2, Canon Log with BT.2020): chosen by the white balance, unknown without.
fn slog2_or_canon(facts: &CameraFacts<'_>, curve: &str, provenance: &mut Vec<String>) -> Option<InputDecision> {
    let gamut = facts.primaries.map(plain).unwrap_or_default();
    let sony = matches!(curve, "slog2" | "sonyslog2");
    let first_sony = matches!(curve, "slog" | "slog1" | "sonyslog" | "sonyslog1");
    let canon = match curve {
        "canonlog2" | "clog2" => Some(2),
        "canonlog3" | "clog3" => Some(3),
        _ => None,
    };
    let of_2020 = matches!(gamut.as_str(), "bt2020" | "rec2020" | "itur2020" | "iturbt2020");
    let (day, tungsten) = match (sony, first_sony, canon) {
        (true, ..) | (_, true, _) if !gamut.is_empty() && !matches!(gamut.as_str(), "sgamut" | "sonysgamut") => return None,
        (true, ..) => {
            let bits = bits_of(facts, provenance);
            (format!("S-Log2 S-Gamut Daylight ({bits}-bit)"), format!("S-Log2 S-Gamut Tungsten ({bits}-bit)"))
        }
        (_, true, _) => {
            let bits = bits_of(facts, provenance);
            let space = format!("S-Log1 S-Gamut ({bits}-bit)");
            (space.clone(), space)
        }
        (_, _, Some(number)) if of_2020 => {
            (format!("CanonLog{number} BT.2020 D55"), format!("CanonLog{number} BT.2020 Tungsten"))
        }
        _ => return None,
    };
    let told = format!("metadata: {}", provenance.join(", "));
    let decide = |space: String, confidence, provenance: Vec<String>| InputDecision {
        choice: InputChoice::Scene { space, reason: told.clone() },
        confidence,
        provenance,
        candidates: Vec::new(),
    };
    let mut provenance = std::mem::take(provenance);
    if day == tungsten {
        return Some(decide(day, if gamut.is_empty() { Confidence::Convention } else { Confidence::Stated }, provenance));
    }
    match facts.white_balance_kelvin {
        // Sony's tungsten transform is for 3200 K and 4300 K, daylight for 5500 K; Canon's likewise below and above.
        Some(kelvin) => {
            let space = if kelvin <= 4300 { tungsten } else { day };
            provenance.push(format!("the white balance is {kelvin} K"));
            Some(decide(space, Confidence::Stated, provenance))
        }
        None => Some(InputDecision {
            choice: InputChoice::Unknown {
                reason: format!("{told}: the transform depends on the light, and the metadata names no white balance"),
            },
            confidence: Confidence::None,
            provenance,
            candidates: vec![day, tungsten],
        }),
    }
}

fn bits_of(facts: &CameraFacts<'_>, provenance: &mut Vec<String>) -> u32 {
    match facts.bits {
        Some(12) => 12,
        Some(_) => 10,
        None => {
            provenance.push("the bit depth is not known; codes of 10 bits are taken".to_owned());
            10
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts<'a>(gamma: &'a str, primaries: Option<&'a str>) -> CameraFacts<'a> {
        CameraFacts { gamma: Some(gamma), primaries, ..CameraFacts::default() }
    }

    #[test]
    fn metadata_decides_and_says_how_surely() {
        for (given, space, confidence) in [
            (facts("LogC4", Some("AWG4")), "ARRI LogC4", Confidence::Stated),
            (facts("LogC4", None), "ARRI LogC4", Confidence::Convention),
            (CameraFacts { exposure_index: Some(400), ..facts("LOG-C", Some("AWG3")) }, "ARRI LogC3 (EI400)", Confidence::Stated),
            (
                CameraFacts { exposure_index: Some(1600), ..facts("LOG-C", Some("AWG3")) },
                "ARRI LogC3 (EI1600, with roll-off)",
                Confidence::Stated,
            ),
            (facts("LOG-C", Some("AWG3")), "ARRI LogC3 (EI800)", Confidence::Convention),
            (
                CameraFacts { exposure_index: Some(500), ..facts("S-Log3", Some("S-Gamut3")) },
                "S-Log3 S-Gamut3",
                Confidence::Stated,
            ),
            (
                CameraFacts { white_balance_kelvin: Some(5500), bits: Some(10), ..facts("S-Log2", Some("S-Gamut")) },
                "S-Log2 S-Gamut Daylight (10-bit)",
                Confidence::Stated,
            ),
            (
                CameraFacts { white_balance_kelvin: Some(3200), bits: Some(12), ..facts("S-Log2", None) },
                "S-Log2 S-Gamut Tungsten (12-bit)",
                Confidence::Stated,
            ),
            (
                CameraFacts { white_balance_kelvin: Some(3200), ..facts("Canon Log 3", Some("BT.2020")) },
                "CanonLog3 BT.2020 Tungsten",
                Confidence::Stated,
            ),
        ] {
            let decision = choose_input(&given, &[]);
            assert_eq!((decision.choice.space(), decision.confidence), (Some(space), confidence), "{given:?} {decision:?}");
            assert!(!decision.provenance.is_empty());
            let engine = crate::Engine::shared().expect("the embedded configuration is read");
            assert_eq!(engine.space(crate::Aces::V2_0, space), Ok(Some(space.to_owned())));
        }
    }

    #[test]
    fn a_record_is_decided_with_its_reasons() {
        let mut record = ClipRecord::new("A001C001");
        record.state("color.gamma", "", Some(FieldValue::Text("LOG-C".to_owned())), "LOG-C", "mov");
        record.state("exposure.index", "ISO", Some(FieldValue::Int(400)), "400", "mov");
        let choice = choose_for_record(&record, &[]).explained();
        assert_eq!(choice.space(), Some("ARRI LogC3 (EI400)"));
        assert!(choice.reason().contains("exposure.index is 400") && choice.reason().ends_with("(convention)"), "{choice:?}");
        record.state("camera.model", "", Some(FieldValue::Text("ALEXA Mini".to_owned())), "ALEXA Mini", "mov");
        let over = InputOverride {
            make: None,
            model: Some("alexa mini".to_owned()),
            format: None,
            gamma: None,
            space: "ARRI LogC4".to_owned(),
            note: "R. Person".to_owned(),
        };
        let choice = choose_for_record(&record, &[over]).explained();
        assert_eq!(choice.space(), Some("ARRI LogC4"));
        assert!(choice.reason().contains("R. Person"), "{choice:?}");
        let mut tungsten_or_not = ClipRecord::new("B001");
        tungsten_or_not.state("color.gamma", "", Some(FieldValue::Text("S-Log2".to_owned())), "S-Log2", "mov");
        let choice = choose_for_record(&tungsten_or_not, &[]).explained();
        assert!(choice.space().is_none() && choice.reason().contains("to choose from: S-Log2 S-Gamut Daylight"), "{choice:?}");
    }

    #[test]
    fn what_is_not_said_is_not_guessed() {
        let decision = choose_input(&facts("S-Log2", Some("S-Gamut")), &[]);
        assert_eq!((decision.choice.space(), decision.confidence), (None, Confidence::None));
        assert_eq!(decision.candidates.len(), 2, "{decision:?}");
        for given in [facts("S-Log3", None), facts("S-Log2", Some("S-Gamut3")), CameraFacts::default(), facts("N-Log", None)] {
            let decision = choose_input(&given, &[]);
            assert_eq!((decision.choice.space(), decision.confidence), (None, Confidence::None), "{decision:?}");
        }
    }

    #[test]
    fn the_narrowest_override_of_a_camera_format_wins() {
        let over = |model: Option<&str>, format: Option<&str>, space: &str| InputOverride {
            make: None,
            model: model.map(str::to_owned),
            format: format.map(str::to_owned),
            gamma: None,
            space: space.to_owned(),
            note: "test shoot".to_owned(),
        };
        let overrides = [
            over(None, Some("XAVC"), "S-Log3 S-Gamut3"),
            over(Some("ILME-FX6"), Some("xavc"), "S-Log3 S-Gamut3.Cine"),
            over(Some("Other"), None, "ACEScct"),
        ];
        let camera = CameraFacts { model: Some("ILME-FX6"), format: Some("MXF XAVC-I"), ..CameraFacts::default() };
        let decision = choose_input(&camera, &overrides);
        assert_eq!((decision.choice.space(), decision.confidence), (Some("S-Log3 S-Gamut3.Cine"), Confidence::Person));
        let other = CameraFacts { format: Some("MXF XAVC-I"), ..facts("LogC4", None) };
        assert_eq!(choose_input(&other, &overrides).choice.space(), Some("S-Log3 S-Gamut3"));
        assert_eq!(choose_input(&facts("LogC4", None), &overrides).choice.space(), Some("ARRI LogC4"));
    }
}
