//! Owns `checkgate color eval`: rows of numbers in, rows of numbers out. Nine significant digits bring a 32-bit float back exactly.

use crate::engine::{ColorEngine, LookFile, Processor};
use crate::error::ColorError;
use crate::recipe::{Aces, Cdl, Recipe, Target};

/// Why rows cannot be evaluated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EvalError {
    /// A row is not three numbers.
    #[error("line {line}: three numbers `r,g,b` are needed, not {text:?}")]
    BadRow {
        /// Line, from 1.
        line: usize,
        /// What is there.
        text: String,
    },
    /// No rows at all.
    #[error("no rows `r,g,b` to evaluate")]
    NoRows,
    /// The options do not name one conversion.
    #[error("{0}")]
    BadOptions(&'static str),
    /// The conversion cannot be built.
    #[error(transparent)]
    Color(#[from] ColorError),
}

/// The options of `checkgate color eval` as given.
#[derive(Debug, Clone, Default)]
pub struct EvalOptions {
    /// `--aces`.
    pub aces: Option<String>,
    /// `--src`.
    pub source: Option<String>,
    /// `--dst`.
    pub destination: Option<String>,
    /// `--display`.
    pub display: Option<String>,
    /// `--view`.
    pub view: Option<String>,
    /// `--look`.
    pub look: Option<String>,
    /// `--cdl`.
    pub cdl: Option<String>,
    /// A correction read from a file, `--cdl-file`.
    pub correction: Option<Cdl>,
    /// `--lut` with `--lut-space`, applied after the CDL, in order.
    pub looks: Vec<LookFile>,
}

impl EvalOptions {
    /// The recipe these options name.
    pub fn recipe(&self) -> Result<Recipe, EvalError> {
        let aces = match &self.aces {
            None => Aces::V2_0,
            Some(text) => Aces::parse(text).ok_or(EvalError::BadOptions("--aces is 2.0 or 1.3"))?,
        };
        // A look file alone is evaluated as it stands.
        let ap0 = || (!self.looks.is_empty()).then(|| crate::engine::AP0.to_owned());
        let source = self.source.clone().or_else(ap0).ok_or(EvalError::BadOptions("--src, --lut or --amf is needed"))?;
        let target = match (&self.destination, &self.display, &self.view) {
            (Some(space), None, None) => Target::ColorSpace(space.clone()),
            (None, Some(display), Some(view)) => Target::Display { display: display.clone(), view: view.clone() },
            // A look or CDL alone ends where the working reference is.
            (None, None, None)
                if self.look.is_some() || self.cdl.is_some() || self.correction.is_some() || !self.looks.is_empty() =>
            {
                Target::ColorSpace(crate::engine::AP0.to_owned())
            }
            _ => return Err(EvalError::BadOptions("give either --dst, or --display together with --view")),
        };
        let cdl = self.cdl.as_deref().map(Cdl::parse).transpose()?.or(self.correction);
        Ok(Recipe { source, target, look: self.look.clone(), cdl, aces })
    }

    /// Evaluates the rows in `input`.
    pub fn run(&self, engine: &dyn ColorEngine, input: &str) -> Result<String, EvalError> {
        let processor = engine.graded(&self.recipe()?, &self.looks)?;
        run(processor.as_ref(), input)
    }
}

/// Evaluates the rows in `input` with a finished processor, by the colour library alone: rows are few, and what is computed over blocks
/// elsewhere is held to this.
pub fn run(processor: &dyn Processor, input: &str) -> Result<String, EvalError> {
    let mut rows = parse_rows(input)?;
    processor.apply_by_library(&mut rows);
    Ok(format_rows(&rows))
}

/// Rows of three numbers, separated by commas or blanks. Empty lines, lines with `#`, and one heading `r,g,b` are passed over.
pub fn parse_rows(input: &str) -> Result<Vec<[f32; 3]>, EvalError> {
    let mut rows = Vec::new();
    for (index, text) in input.lines().enumerate() {
        let text = text.trim().trim_start_matches('\u{feff}');
        if text.is_empty() || text.starts_with('#') || (rows.is_empty() && text.replace(' ', "").eq_ignore_ascii_case("r,g,b")) {
            continue;
        }
        let bad = || EvalError::BadRow { line: index + 1, text: text.chars().take(80).collect() };
        let parts: Vec<&str> =
            if text.contains(',') { text.split(',').map(str::trim).collect() } else { text.split_whitespace().collect() };
        let &[r, g, b] = parts.as_slice() else { return Err(bad()) };
        let number = |part: &str| part.parse::<f32>().map_err(|_| bad());
        rows.push([number(r)?, number(g)?, number(b)?]);
    }
    if rows.is_empty() { Err(EvalError::NoRows) } else { Ok(rows) }
}

/// One row a line, nine significant digits.
#[must_use]
pub fn format_rows(rows: &[[f32; 3]]) -> String {
    let mut out = String::with_capacity(rows.len() * 40);
    for [r, g, b] in rows {
        out.push_str(&format!("{},{},{}\n", nine_digits(*r), nine_digits(*g), nine_digits(*b)));
    }
    out
}

/// As C's `%.9g`.
#[must_use]
pub fn nine_digits(value: f32) -> String {
    let value = f64::from(value);
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    if value == 0.0 {
        return if value.is_sign_negative() { "-0" } else { "0" }.to_owned();
    }
    let scientific = format!("{value:.8e}");
    let (mantissa, exponent) = scientific.split_once('e').expect("`e` formatting always writes an exponent");
    let exponent: i32 = exponent.parse().expect("the exponent is a number");
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if (-4..9).contains(&exponent) {
        trimmed(&format!("{value:.*}", (8 - exponent).max(0) as usize))
    } else {
        format!("{}e{}{:02}", trimmed(mantissa), if exponent < 0 { '-' } else { '+' }, exponent.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_c_does() {
        for (value, want) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.1, "0.100000001"),
            (65504.0, "65504"),
            (1e-7, "1.00000001e-07"),
            (0.18, "0.180000007"),
            (123_456_792.0, "123456792"),
            (1.5e10, "1.50000005e+10"),
            (-0.005, "-0.00499999989"),
            (0.0001, "9.99999975e-05"),
            (1000.0, "1000"),
        ] {
            assert_eq!(nine_digits(value), want);
        }
    }

    #[test]
    fn every_float_comes_back() {
        for bits in (0..=u32::MAX).step_by(7_654_321) {
            let value = f32::from_bits(bits);
            if value.is_finite() {
                assert_eq!(nine_digits(value).parse::<f32>().map(f32::to_bits), Ok(bits), "{value:e}");
            }
        }
    }

    #[test]
    fn a_bad_row_names_its_line() {
        assert_eq!(parse_rows("r,g,b\n# note\n\n0,0.5,1\n 1 2 3 \n"), Ok(vec![[0.0, 0.5, 1.0], [1.0, 2.0, 3.0]]));
        assert_eq!(parse_rows("0,0,0\n1,2\n"), Err(EvalError::BadRow { line: 2, text: "1,2".to_owned() }));
        assert_eq!(parse_rows("0,,0"), Err(EvalError::BadRow { line: 1, text: "0,,0".to_owned() }));
        assert_eq!(parse_rows("\n"), Err(EvalError::NoRows));
    }
}
