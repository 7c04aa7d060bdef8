//! Owns what a colour conversion is asked to do, as a value that can be stored beside the picture it made.

use crate::error::ColorError;
use serde::{Deserialize, Serialize};

/// Version of the ACES output transforms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Aces {
    /// ACES 2.0 (studio config v5.0.0).
    #[default]
    #[serde(rename = "2.0")]
    V2_0,
    /// ACES 1.3 (studio config v2.2.0).
    #[serde(rename = "1.3")]
    V1_3,
}

impl Aces {
    /// `2.0` or `1.3`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V2_0 => "2.0",
            Self::V1_3 => "1.3",
        }
    }

    /// Name of the configuration that implements it.
    #[must_use]
    pub const fn config_name(self) -> &'static str {
        match self {
            Self::V2_0 => "studio-config-v5.0.0_aces-v2.1_ocio-v2.6",
            Self::V1_3 => "studio-config-v2.2.0_aces-v1.3_ocio-v2.4",
        }
    }

    /// From `2.0` (or `2`) and `1.3` (or `1`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "2.0" | "2" => Some(Self::V2_0),
            "1.3" | "1" => Some(Self::V1_3),
            _ => None,
        }
    }
}

/// ASC CDL v1.2, without clamping, applied in ACEScct.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cdl {
    /// Slope per channel.
    pub slope: [f64; 3],
    /// Offset per channel.
    pub offset: [f64; 3],
    /// Power per channel.
    pub power: [f64; 3],
    /// Saturation.
    pub saturation: f64,
}

impl Cdl {
    /// The CDL that changes nothing.
    pub const IDENTITY: Self = Self { slope: [1.0; 3], offset: [0.0; 3], power: [1.0; 3], saturation: 1.0 };

    /// From ten numbers: slope, offset, power (each r g b), saturation.
    pub fn parse(text: &str) -> Result<Self, ColorError> {
        let numbers: Vec<f64> = text
            .split(|c: char| c.is_whitespace() || c == ',')
            .filter(|part| !part.is_empty())
            .map(|part| part.parse::<f64>().map_err(|_| ColorError::BadCdl(format!("{part:?} is not a number"))))
            .collect::<Result<_, _>>()?;
        Self::from_numbers(&numbers)
    }

    /// From ten numbers: slope, offset, power (each r g b), saturation.
    pub fn from_numbers(numbers: &[f64]) -> Result<Self, ColorError> {
        let &[a, b, c, d, e, f, g, h, i, saturation] = numbers else {
            return Err(ColorError::BadCdl(format!(
                "ten numbers are needed (slope, offset, power for r g b, then saturation), {} given",
                numbers.len()
            )));
        };
        let cdl = Self { slope: [a, b, c], offset: [d, e, f], power: [g, h, i], saturation };
        cdl.check()?;
        Ok(cdl)
    }

    /// The limits of the ASC CDL: finite numbers, slope and saturation not negative, power above zero.
    pub fn check(&self) -> Result<(), ColorError> {
        let every = self.slope.iter().chain(&self.offset).chain(&self.power).chain([&self.saturation]);
        if every.clone().any(|number| !number.is_finite()) {
            return Err(ColorError::BadCdl("a number is not finite".to_owned()));
        }
        if self.slope.iter().any(|slope| *slope < 0.0) {
            return Err(ColorError::BadCdl("slope is negative".to_owned()));
        }
        if self.power.iter().any(|power| *power <= 0.0) {
            return Err(ColorError::BadCdl("power is not above zero".to_owned()));
        }
        if self.saturation < 0.0 {
            return Err(ColorError::BadCdl("saturation is negative".to_owned()));
        }
        Ok(())
    }
}

/// Where the pixels go.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Another colour space, by name or alias.
    ColorSpace(String),
    /// A display through a view (an ACES output transform).
    Display {
        /// Display, e.g. `Rec.1886 Rec.709 - Display`.
        display: String,
        /// View, e.g. `ACES 2.0 - SDR 100 nits (Rec.709)`.
        view: String,
    },
}

/// A display and the view on it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OutputView {
    /// ACES version that the view belongs to.
    pub aces: Aces,
    /// Display.
    pub display: String,
    /// View.
    pub view: String,
}

impl OutputView {
    /// ACES 2.0, SDR 100 nits, Rec.709, BT.1886: what an editor's monitor shows.
    #[must_use]
    pub fn rec709_sdr() -> Self {
        Self {
            aces: Aces::V2_0,
            display: "Rec.1886 Rec.709 - Display".to_owned(),
            view: "ACES 2.0 - SDR 100 nits (Rec.709)".to_owned(),
        }
    }

    /// The same picture for an ACES 1.3 pipeline.
    #[must_use]
    pub fn rec709_sdr_aces13() -> Self {
        Self { aces: Aces::V1_3, display: "Rec.1886 Rec.709 - Display".to_owned(), view: "ACES 1.0 - SDR Video".to_owned() }
    }

    /// As people read it: `ACES 2.0 - SDR 100 nits (Rec.709), Rec.1886 Rec.709`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}, {}", self.view, self.display.trim_end_matches(" - Display"))
    }
}

impl Default for OutputView {
    fn default() -> Self {
        Self::rec709_sdr()
    }
}

/// One conversion: source, look, CDL, target, in this order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Colour space of the pixels, by name or alias.
    pub source: String,
    /// Where they go.
    pub target: Target,
    /// Look of the configuration, applied before the CDL.
    pub look: Option<String>,
    /// CDL, applied in ACEScct.
    pub cdl: Option<Cdl>,
    /// ACES version.
    pub aces: Aces,
}

impl Recipe {
    /// From a source space to a display.
    #[must_use]
    pub fn to_view(source: &str, output: &OutputView) -> Self {
        Self {
            source: source.to_owned(),
            target: Target::Display { display: output.display.clone(), view: output.view.clone() },
            look: None,
            cdl: None,
            aces: output.aces,
        }
    }

    /// From one colour space to another with the ACES 2.0 configuration.
    #[must_use]
    pub fn to_space(source: &str, target: &str) -> Self {
        Self { source: source.to_owned(), target: Target::ColorSpace(target.to_owned()), look: None, cdl: None, aces: Aces::V2_0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cdl_outside_the_asc_limits_is_refused() {
        assert!(Cdl::parse("1 1 1 0 0 0 1 1 1 1").is_ok());
        for bad in [
            "",
            "1 1 1 0 0 0 1 1 1",
            "1 1 1 0 0 0 1 1 1 1 1",
            "-1 1 1 0 0 0 1 1 1 1",
            "1 1 1 0 0 0 0 1 1 1",
            "1 1 1 0 0 0 1 1 1 -1",
            "nan 1 1 0 0 0 1 1 1 1",
            "x",
        ] {
            assert!(matches!(Cdl::parse(bad), Err(ColorError::BadCdl(_))), "{bad:?}");
        }
    }
}
