//! Owns the ASC CDL as files and columns carry it: `.cc`, `.ccc`, `.cdl` (ASC CDL v1.2 schemas) and the ALE and EDL columns
//! `ASC_SOP` and `ASC_SAT`. Must never clamp or repair a number: what is outside the ASC limits is refused.

use crate::error::ColorError;
use crate::recipe::Cdl;
use crate::xml::{child, elements, parse, text};
use roxmltree::Node;

/// Largest CDL file that is read, in bytes.
pub const LARGEST_CDL_BYTES: usize = 16 << 20;
/// Most corrections in one file.
pub const MOST_CORRECTIONS: usize = 100_000;

/// One correction with its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    /// `id` of the correction, where it has one.
    pub id: Option<String>,
    /// Descriptions, in order.
    pub descriptions: Vec<String>,
    /// The numbers.
    pub cdl: Cdl,
}

/// The corrections of a `.cc`, `.ccc` or `.cdl` file, in order.
///
/// # Errors
/// [`ColorError::BadCdl`] where it is no CDL file, holds none, or a number is missing or outside the limits.
pub fn read(bytes: &[u8]) -> Result<Vec<Correction>, ColorError> {
    if bytes.len() > LARGEST_CDL_BYTES {
        return Err(ColorError::BadCdl(format!("{} bytes are too many", bytes.len())));
    }
    let words = std::str::from_utf8(bytes).map_err(|_| ColorError::BadCdl("it is not UTF-8".to_owned()))?;
    let document = parse(words).map_err(ColorError::BadCdl)?;
    let root = document.root_element();
    let nodes: Vec<Node<'_, '_>> = match root.tag_name().name() {
        "ColorCorrection" => vec![root],
        "ColorCorrectionCollection" => elements(root).filter(|node| node.tag_name().name() == "ColorCorrection").collect(),
        "ColorDecisionList" => elements(root)
            .filter(|node| node.tag_name().name() == "ColorDecision")
            .flat_map(|decision| elements(decision).filter(|node| node.tag_name().name() == "ColorCorrection"))
            .collect(),
        other => return Err(ColorError::BadCdl(format!("<{other}> is no CDL file"))),
    };
    if nodes.is_empty() {
        return Err(ColorError::BadCdl("it holds no correction".to_owned()));
    }
    if nodes.len() > MOST_CORRECTIONS {
        return Err(ColorError::BadCdl(format!("{} corrections are too many", nodes.len())));
    }
    nodes.into_iter().map(correction).collect()
}

/// The correction named `id`; without a name the file must hold exactly one.
///
/// # Errors
/// [`ColorError::BadCdl`], also where the name is not there, stands twice, or is needed and missing.
pub fn pick(corrections: &[Correction], id: Option<&str>) -> Result<Cdl, ColorError> {
    let mut found = corrections.iter().filter(|one| id.is_none_or(|id| one.id.as_deref() == Some(id)));
    match (found.next(), found.next(), id) {
        (Some(one), None, _) => Ok(one.cdl),
        (None, _, Some(id)) => Err(ColorError::BadCdl(format!("no correction is named {id:?}"))),
        (Some(_), Some(_), Some(id)) => Err(ColorError::BadCdl(format!("several corrections are named {id:?}"))),
        _ => Err(ColorError::BadCdl("the file holds several corrections and none was named".to_owned())),
    }
}

fn correction(node: Node<'_, '_>) -> Result<Correction, ColorError> {
    let sop = child(node, "SOPNode").or_else(|| child(node, "ASC_SOP"));
    let sat = child(node, "SatNode").or_else(|| child(node, "SATNode")).or_else(|| child(node, "ASC_SAT"));
    if sop.is_none() && sat.is_none() {
        return Err(ColorError::BadCdl("a correction without SOPNode and SatNode".to_owned()));
    }
    let descriptions = std::iter::once(node)
        .chain(sop)
        .flat_map(|node| elements(node).filter(|inner| inner.tag_name().name() == "Description"))
        .filter_map(|node| node.text().map(|words| words.trim().to_owned()))
        .collect();
    let id = node.attribute("id").map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
    Ok(Correction { id, descriptions, cdl: from_nodes(sop, sat)? })
}

/// The numbers of a SOP and a saturation element; a missing one changes nothing.
pub(crate) fn from_nodes(sop: Option<Node<'_, '_>>, sat: Option<Node<'_, '_>>) -> Result<Cdl, ColorError> {
    let mut cdl = Cdl::IDENTITY;
    if let Some(sop) = sop {
        let three = |name: &str| -> Result<[f64; 3], ColorError> {
            let words = text(sop, name).ok_or_else(|| ColorError::BadCdl(format!("{name} is missing")))?;
            three(&words).ok_or_else(|| ColorError::BadCdl(format!("{name} is {:?}", short(&words))))
        };
        (cdl.slope, cdl.offset, cdl.power) = (three("Slope")?, three("Offset")?, three("Power")?);
    }
    if let Some(sat) = sat {
        let words = text(sat, "Saturation").ok_or_else(|| ColorError::BadCdl("Saturation is missing".to_owned()))?;
        cdl.saturation = words.parse().map_err(|_| ColorError::BadCdl(format!("Saturation is {:?}", short(&words))))?;
    }
    cdl.check()?;
    Ok(cdl)
}

fn three(words: &str) -> Option<[f64; 3]> {
    let numbers: Vec<f64> = words
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|word| !word.is_empty())
        .map_while(|word| word.parse().ok())
        .collect();
    let count = words.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()).count();
    (count == 3).then(|| <[f64; 3]>::try_from(numbers).ok()).flatten()
}

fn short(words: &str) -> String {
    words.chars().take(80).collect()
}

/// The CDL in the columns `ASC_SOP` and `ASC_SAT` of an ALE, or in the comments of an EDL: `(1 1 1)(0 0 0)(1 1 1)` and `1`.
/// `None` where both are empty.
///
/// # Errors
/// [`ColorError::BadCdl`] where something stands there that is no CDL.
pub fn from_columns(sop: Option<&str>, sat: Option<&str>) -> Result<Option<Cdl>, ColorError> {
    let said = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let (sop, sat) = (said(sop), said(sat));
    if sop.is_none() && sat.is_none() {
        return Ok(None);
    }
    let mut cdl = Cdl::IDENTITY;
    if let Some(words) = sop {
        let bad = || ColorError::BadCdl(format!("ASC_SOP is {:?}", short(&words)));
        let groups: Vec<&str> = words.split(['(', ')']).map(str::trim).filter(|group| !group.is_empty()).collect();
        let &[slope, offset, power] = groups.as_slice() else { return Err(bad()) };
        cdl.slope = three(slope).ok_or_else(bad)?;
        cdl.offset = three(offset).ok_or_else(bad)?;
        cdl.power = three(power).ok_or_else(bad)?;
    }
    if let Some(words) = sat {
        cdl.saturation = words.parse().map_err(|_| ColorError::BadCdl(format!("ASC_SAT is {:?}", short(&words))))?;
    }
    cdl.check()?;
    Ok(Some(cdl))
}

/// `ASC_SOP` and `ASC_SAT` as an ALE carries them. Every number comes back exactly.
#[must_use]
pub fn to_columns(cdl: &Cdl) -> (String, String) {
    let group = |[r, g, b]: [f64; 3]| format!("({r} {g} {b})");
    (format!("{}{}{}", group(cdl.slope), group(cdl.offset), group(cdl.power)), cdl.saturation.to_string())
}

/// A `.cc` file (one correction), as text.
#[must_use]
pub fn write_cc(correction: &Correction) -> String {
    format!("{HEAD}{}", element(correction, "", true))
}

/// A `.ccc` file (a collection), as text.
#[must_use]
pub fn write_ccc(corrections: &[Correction]) -> String {
    let inside: String = corrections.iter().map(|one| element(one, "  ", false)).collect();
    format!("{HEAD}<ColorCorrectionCollection xmlns=\"{NAMESPACE}\">\n{inside}</ColorCorrectionCollection>\n")
}

/// A `.cdl` file (a decision list), as text.
#[must_use]
pub fn write_cdl(corrections: &[Correction]) -> String {
    let inside: String =
        corrections.iter().map(|one| format!("  <ColorDecision>\n{}  </ColorDecision>\n", element(one, "    ", false))).collect();
    format!("{HEAD}<ColorDecisionList xmlns=\"{NAMESPACE}\">\n{inside}</ColorDecisionList>\n")
}

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const NAMESPACE: &str = "urn:ASC:CDL:v1.2";

fn element(correction: &Correction, pad: &str, alone: bool) -> String {
    use crate::xml::escape;
    let Cdl { slope, offset, power, saturation } = correction.cdl;
    let three = |[r, g, b]: [f64; 3]| format!("{r} {g} {b}");
    let id = correction.id.as_ref().map_or_else(String::new, |id| format!(" id=\"{}\"", escape(id)));
    let namespace = if alone { format!(" xmlns=\"{NAMESPACE}\"") } else { String::new() };
    let said: String =
        correction.descriptions.iter().map(|words| format!("{pad}  <Description>{}</Description>\n", escape(words))).collect();
    format!(
        "{pad}<ColorCorrection{namespace}{id}>\n{said}{pad}  <SOPNode>\n{pad}    <Slope>{}</Slope>\n{pad}    <Offset>{}</Offset>\n\
         {pad}    <Power>{}</Power>\n{pad}  </SOPNode>\n{pad}  <SatNode>\n{pad}    <Saturation>{saturation}</Saturation>\n\
         {pad}  </SatNode>\n{pad}</ColorCorrection>\n",
        three(slope),
        three(offset),
        three(power)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Correction {
        let cdl = Cdl::parse("1.1 0.95 1.02 0.01 -0.02 0.005 0.9 1.05 1.0 0.85").expect("it is a CDL");
        Correction { id: Some("A001 <1>".to_owned()), descriptions: vec!["warm & dark".to_owned()], cdl }
    }

    #[test]
    fn what_is_written_is_read_back_exactly() {
        let one = example();
        let two = Correction { id: Some("B".to_owned()), descriptions: Vec::new(), cdl: Cdl::IDENTITY };
        assert_eq!(read(write_cc(&one).as_bytes()), Ok(vec![one.clone()]));
        let both = vec![one.clone(), two];
        assert_eq!(read(write_ccc(&both).as_bytes()), Ok(both.clone()));
        assert_eq!(read(write_cdl(&both).as_bytes()), Ok(both.clone()));
        let (sop, sat) = to_columns(&one.cdl);
        assert_eq!(sop, "(1.1 0.95 1.02)(0.01 -0.02 0.005)(0.9 1.05 1)");
        assert_eq!(from_columns(Some(&sop), Some(&sat)), Ok(Some(one.cdl)));
        assert_eq!(pick(&both, Some("B")), Ok(Cdl::IDENTITY));
        assert!(pick(&both, None).is_err() && pick(&both, Some("C")).is_err());
        let twice = vec![one.clone(), one];
        assert!(pick(&twice, Some("A001 <1>")).is_err());
    }

    #[test]
    fn columns_may_be_empty_but_not_half() {
        assert_eq!(from_columns(None, Some(" ")), Ok(None));
        assert_eq!(from_columns(None, Some("0.5")), Ok(Some(Cdl { saturation: 0.5, ..Cdl::IDENTITY })));
        assert_eq!(from_columns(Some("( 1, 1, 1 ) (0,0,0) (1,1,1)"), None), Ok(Some(Cdl::IDENTITY)));
        for bad in
            ["(1 1 1)(0 0 0)", "(1 1)(0 0 0)(1 1 1)", "(1 1 1)(0 0 x)(1 1 1)", "1 1 1 0 0 0 1 1 1", "(-1 1 1)(0 0 0)(1 1 1)"]
        {
            assert!(from_columns(Some(bad), None).is_err(), "{bad}");
        }
        assert!(from_columns(None, Some("much")).is_err());
    }

    #[test]
    fn broken_files_are_refused() {
        for bad in [
            "",
            "<a/>",
            "<ColorCorrectionCollection/>",
            "<ColorCorrection/>",
            "<ColorCorrection><SOPNode><Slope>1 1</Slope><Offset>0 0 0</Offset><Power>1 1 1</Power></SOPNode></ColorCorrection>",
            "<ColorCorrection><SOPNode><Slope>1 1 1 1</Slope><Offset>0 0 0</Offset><Power>1 1 1</Power></SOPNode></ColorCorrection>",
            "<ColorCorrection><SOPNode><Slope>1 1 1</Slope><Offset>0 0 0</Offset><Power>1 0 1</Power></SOPNode></ColorCorrection>",
            "<ColorCorrection><SatNode><Saturation>NaN</Saturation></SatNode></ColorCorrection>",
            "<!DOCTYPE a [<!ENTITY b 'c'>]><ColorCorrection/>",
        ] {
            assert!(matches!(read(bad.as_bytes()), Err(ColorError::BadCdl(_))), "{bad}");
        }
        assert!(read(&[0xff; 10]).is_err());
    }
}
