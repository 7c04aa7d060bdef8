//! Owns the areas of a canvas as parts of its size, so that they can be drawn on a picture of any size: framing decisions, their
//! protection, the effective area. Must never draw an area that does not lie on the canvas.

use super::{Fdl, canvases, dimensions, list};
use crate::json::text;
use serde_json::Value;

/// An area in parts of the canvas (0 to 1), from its top left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FdlArea {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

/// A framing decision.
#[derive(Debug, Clone, PartialEq)]
pub struct FdlDecision {
    /// Label of the decision, else of its intent, else the intent's id.
    pub label: String,
    /// Id of its framing intent.
    pub intent: String,
    /// What is framed for.
    pub area: FdlArea,
    /// What is kept clean around it.
    pub protection: Option<FdlArea>,
}

/// What a canvas says about framing.
#[derive(Debug, Clone, PartialEq)]
pub struct FdlFraming {
    /// Squeeze of the canvas.
    pub squeeze: Option<f64>,
    /// The part of the canvas that holds picture.
    pub effective: Option<FdlArea>,
    /// Its decisions, in order.
    pub decisions: Vec<FdlDecision>,
    /// Areas that were left out, because they do not lie on the canvas.
    pub left_out: Vec<String>,
}

/// Areas may end this much of the canvas outside of it, by rounding.
const TOLERANCE: f64 = 1e-3;

impl Fdl {
    /// The framing of the canvas with this id; `None` without such a canvas, or where it has no size.
    #[must_use]
    pub fn framing(&self, canvas: &str) -> Option<FdlFraming> {
        let (_, canvas) = canvases(&self.document).find(|(_, found)| text(found, "id") == Some(canvas))?;
        let size = dimensions(canvas, "dimensions").filter(|(width, height)| *width >= 1.0 && *height >= 1.0)?;
        let mut left_out = Vec::new();
        let mut place = |value: &Value, sides: &str, anchor: &str, name: &str| {
            let told = dimensions(value, sides)?;
            let found = area(value, told, anchor, size);
            if found.is_none() {
                left_out.push(name.to_owned());
            }
            found
        };
        let effective = place(canvas, "effective_dimensions", "effective_anchor_point", "effective area");
        let decisions = list(canvas, "framing_decisions")
            .filter_map(|decision| {
                let intent = text(decision, "framing_intent_id").unwrap_or_default().to_owned();
                let of_intent = || {
                    list(&self.document, "framing_intents")
                        .find(|found| text(found, "id") == Some(&intent))
                        .and_then(|found| text(found, "label"))
                };
                let words = |label: &&str| !label.trim().is_empty();
                let label = text(decision, "label").filter(words).or_else(|| of_intent().filter(words)).unwrap_or(&intent);
                let label: String = label.chars().take(64).collect();
                let area = place(decision, "dimensions", "anchor_point", &label)?;
                let protection =
                    place(decision, "protection_dimensions", "protection_anchor_point", &format!("protection of {label}"));
                Some(FdlDecision { label, intent, area, protection })
            })
            .collect();
        let squeeze = canvas.get("anamorphic_squeeze").and_then(Value::as_f64).filter(|squeeze| *squeeze > 0.0);
        Some(FdlFraming { squeeze, effective, decisions, left_out })
    }
}

fn area(value: &Value, told: (f64, f64), anchor: &str, canvas: (f64, f64)) -> Option<FdlArea> {
    let axis = |name| value.get(anchor).and_then(|point| point.get(name)).and_then(Value::as_f64).unwrap_or(0.0);
    let found = FdlArea { x: axis("x") / canvas.0, y: axis("y") / canvas.1, width: told.0 / canvas.0, height: told.1 / canvas.1 };
    let lies_on = |start: f64, length: f64| start >= -TOLERANCE && length > 0.0 && start + length <= 1.0 + TOLERANCE;
    (lies_on(found.x, found.width) && lies_on(found.y, found.height)).then_some(found)
}

#[cfg(test)]
mod tests {
    use crate::fdl::parse;
    use serde_json::json;

    #[test]
    fn decisions_become_parts_of_their_canvas() {
        let list = json!({
            "version": { "major": 2, "minor": 0 }, "uuid": "00000000-0000-0000-0000-000000000001",
            "framing_intents": [{ "id": "A", "label": "2.39", "aspect_ratio": { "width": 239, "height": 100 }, "protection": 0.1 }],
            "contexts": [{ "label": "cam", "canvases": [{
                "id": "C1", "source_canvas_id": "C1", "dimensions": { "width": 4000, "height": 2000 }, "anamorphic_squeeze": 2.0,
                "effective_dimensions": { "width": 4000, "height": 1000 }, "effective_anchor_point": { "x": 0, "y": 500 },
                "framing_decisions": [
                    { "id": "C1-A", "framing_intent_id": "A", "dimensions": { "width": 2000, "height": 800 },
                      "anchor_point": { "x": 1000, "y": 600 }, "protection_dimensions": { "width": 2200, "height": 880 },
                      "protection_anchor_point": { "x": 900, "y": 560 } },
                    { "id": "C1-B", "label": "wild", "framing_intent_id": "B", "dimensions": { "width": 9000, "height": 8 } }
                ]
            }] }]
        });
        let list = parse(list.to_string().as_bytes()).unwrap();
        let framing = list.framing("C1").unwrap();
        assert_eq!(framing.squeeze, Some(2.0));
        assert_eq!(framing.effective.map(|area| (area.y, area.height)), Some((0.25, 0.5)));
        assert_eq!(framing.decisions.len(), 1);
        let decision = &framing.decisions[0];
        assert_eq!((decision.label.as_str(), decision.area.x, decision.area.width), ("2.39", 0.25, 0.5));
        assert_eq!(decision.protection.map(|area| area.y), Some(0.28));
        assert_eq!(framing.left_out, ["wild"]);
        assert!(list.framing("C2").is_none());
    }
}
