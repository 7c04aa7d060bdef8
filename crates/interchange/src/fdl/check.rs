//! Owns what the parts of a framing decision list must be to each other: ids that are unique and resolve, decisions that carry the
//! name of canvas and intent, areas that lie inside each other (canvas > effective > protection > decision).

use super::{Fdl, canvases, dimensions, list, shape};
use crate::json::text;
use serde_json::Value;
use std::collections::BTreeSet;

/// The rule a list breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FdlRule {
    /// A field is missing, not known, or of another kind.
    Shape,
    /// Two of a kind have one id.
    DuplicateId,
    /// An id is used that nothing has.
    UnresolvedId,
    /// A decision is not named after its canvas and its intent.
    DecisionId,
    /// An area is larger than the one it belongs to, or begins outside of it.
    Hierarchy,
    /// An area begins inside and ends outside of the one it belongs to. The committee's own library takes such lists.
    Overhang,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FdlFault {
    /// Rule.
    pub rule: FdlRule,
    /// Where, as a JSON pointer, or the id of the part.
    pub place: String,
    /// What is wrong there.
    pub what: String,
}

/// Rounding in lists is by hundredths of a pixel at most.
const TOLERANCE: f64 = 0.01;

impl Fdl {
    /// Everything that is wrong with the list, judged as version 2.0. Empty means that it can be relied on.
    #[must_use]
    pub fn check(&self) -> Vec<FdlFault> {
        let mut faults = Vec::new();
        shape::check(&self.document, &shape::ROOT, "", &mut faults);
        ids(&self.document, &mut faults);
        for (_, canvas) in canvases(&self.document) {
            areas(canvas, &mut faults);
        }
        faults
    }
}

fn ids(document: &Value, faults: &mut Vec<FdlFault>) {
    let mut fault = |rule, id: &str, what: &str| faults.push(FdlFault { rule, place: id.to_owned(), what: what.to_owned() });
    let mut unique = |ids: &mut dyn Iterator<Item = &str>, what: &str| -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        for id in ids {
            if !seen.insert(id.to_owned()) {
                fault(FdlRule::DuplicateId, id, what);
            }
        }
        seen
    };
    let intents =
        unique(&mut list(document, "framing_intents").filter_map(|part| text(part, "id")), "two framing intents have this id");
    let known = unique(&mut canvases(document).filter_map(|(_, canvas)| text(canvas, "id")), "two canvases have this id");
    unique(&mut list(document, "canvas_templates").filter_map(|part| text(part, "id")), "two canvas templates have this id");
    for (_, canvas) in canvases(document) {
        unique(&mut list(canvas, "framing_decisions").filter_map(|part| text(part, "id")), "two framing decisions have this id");
    }
    if let Some(id) = text(document, "default_framing_intent").filter(|id| !intents.contains(*id)) {
        fault(FdlRule::UnresolvedId, id, "the default framing intent does not exist");
    }
    for (_, canvas) in canvases(document) {
        if let Some(id) = text(canvas, "source_canvas_id").filter(|id| !known.contains(*id)) {
            fault(FdlRule::UnresolvedId, id, "the source canvas does not exist");
        }
        for decision in list(canvas, "framing_decisions") {
            let Some(intent) = text(decision, "framing_intent_id") else { continue };
            if !intents.contains(intent) {
                fault(FdlRule::UnresolvedId, intent, "the framing intent of a decision does not exist");
            }
            if let (Some(id), Some(canvas)) = (text(decision, "id"), text(canvas, "id"))
                && id != format!("{canvas}-{intent}")
            {
                fault(FdlRule::DecisionId, id, "the decision is not named CANVAS-INTENT");
            }
        }
    }
}

/// An area with its name; without an anchor it begins at zero.
struct Area {
    name: &'static str,
    at: (f64, f64),
    size: (f64, f64),
}

fn area(value: &Value, name: &'static str, size: &str, anchor: &str) -> Option<Area> {
    let number = |axis| value.get(anchor).and_then(|point| point.get(axis)).and_then(Value::as_f64).unwrap_or(0.0);
    Some(Area { name, at: (number("x"), number("y")), size: dimensions(value, size)? })
}

fn areas(canvas: &Value, faults: &mut Vec<FdlFault>) {
    let outer: Vec<Area> = [
        area(canvas, "canvas", "dimensions", ""),
        area(canvas, "effective area", "effective_dimensions", "effective_anchor_point"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let id = text(canvas, "id").unwrap_or_default();
    nested(&outer.iter().collect::<Vec<_>>(), id, faults);
    for decision in list(canvas, "framing_decisions") {
        let inner = [
            area(decision, "protection", "protection_dimensions", "protection_anchor_point"),
            area(decision, "framing decision", "dimensions", "anchor_point"),
        ];
        // The innermost of the canvas's own areas is what a decision lies in.
        let chain: Vec<&Area> = outer.last().into_iter().chain(inner.iter().flatten()).collect();
        nested(&chain, text(decision, "id").unwrap_or(id), faults);
    }
}

fn nested(chain: &[&Area], id: &str, faults: &mut Vec<FdlFault>) {
    for pair in chain.windows(2) {
        let (outer, inner) = (pair[0], pair[1]);
        let larger = inner.size.0 > outer.size.0 + TOLERANCE || inner.size.1 > outer.size.1 + TOLERANCE;
        let before = inner.at.0 < outer.at.0 - TOLERANCE || inner.at.1 < outer.at.1 - TOLERANCE;
        let after = inner.at.0 + inner.size.0 > outer.at.0 + outer.size.0 + TOLERANCE
            || inner.at.1 + inner.size.1 > outer.at.1 + outer.size.1 + TOLERANCE;
        let (rule, words) = match (larger, before, after) {
            (true, _, _) => (FdlRule::Hierarchy, "is larger than"),
            (_, true, _) => (FdlRule::Hierarchy, "begins outside of"),
            (_, _, true) => (FdlRule::Overhang, "ends outside of"),
            _ => continue,
        };
        faults.push(FdlFault { rule, place: id.to_owned(), what: format!("the {} {words} the {}", inner.name, outer.name) });
    }
}
