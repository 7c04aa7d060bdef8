//! Owns what a framing decision list says, cut to what people ask first. Nothing is judged here; that is `check`.

use super::{Fdl, canvases, list};
use crate::json::text;
use serde_json::Value;

/// A list in brief. What is not there, or of another kind than it should be, is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FdlSummary {
    /// Id of the list.
    pub uuid: Option<String>,
    /// What wrote it.
    pub creator: Option<String>,
    /// Default framing intent.
    pub default_intent: Option<String>,
    /// Framing intents.
    pub intents: Vec<IntentSummary>,
    /// Canvases in order.
    pub canvases: Vec<CanvasSummary>,
    /// Canvas templates by label or id.
    pub templates: Vec<String>,
}

/// A framing intent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IntentSummary {
    /// Id.
    pub id: Option<String>,
    /// Label.
    pub label: Option<String>,
    /// `width:height`.
    pub aspect_ratio: Option<String>,
}

/// A canvas.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CanvasSummary {
    /// Label of its context.
    pub context: Option<String>,
    /// Clip its context is for.
    pub clip: Option<String>,
    /// Id.
    pub id: Option<String>,
    /// Label.
    pub label: Option<String>,
    /// Canvas it was made of; its own id where it is a recording.
    pub source: Option<String>,
    /// `widthxheight`.
    pub size: Option<String>,
    /// Effective area.
    pub effective: Option<String>,
    /// Squeeze.
    pub squeeze: Option<f64>,
    /// Framing decisions.
    pub decisions: Vec<DecisionSummary>,
}

/// A framing decision.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DecisionSummary {
    /// Intent.
    pub intent: Option<String>,
    /// `widthxheight`.
    pub size: Option<String>,
    /// `x,y`.
    pub at: Option<String>,
    /// Protection area.
    pub protection: Option<String>,
}

/// Most parts of a kind that are told.
const MOST: usize = 10_000;

fn pair(value: &Value, name: &str, parts: [&str; 2], between: &str) -> Option<String> {
    let part = |part: &str| value.get(name)?.get(part)?.as_f64();
    Some(format!("{}{between}{}", part(parts[0])?, part(parts[1])?))
}

fn size(value: &Value, name: &str) -> Option<String> {
    pair(value, name, ["width", "height"], "x")
}

impl Fdl {
    /// What the list says, in brief.
    #[must_use]
    pub fn summary(&self) -> FdlSummary {
        let of = |value: &Value, name: &str| text(value, name).map(str::to_owned);
        let document = &self.document;
        FdlSummary {
            uuid: of(document, "uuid"),
            creator: of(document, "fdl_creator"),
            default_intent: of(document, "default_framing_intent"),
            intents: list(document, "framing_intents")
                .take(MOST)
                .map(|intent| IntentSummary {
                    id: of(intent, "id"),
                    label: of(intent, "label"),
                    aspect_ratio: pair(intent, "aspect_ratio", ["width", "height"], ":"),
                })
                .collect(),
            canvases: canvases(document)
                .take(MOST)
                .map(|(context, canvas)| CanvasSummary {
                    context: of(context, "label"),
                    clip: context.get("clip_id").and_then(|clip| of(clip, "clip_name")),
                    id: of(canvas, "id"),
                    label: of(canvas, "label"),
                    source: of(canvas, "source_canvas_id"),
                    size: size(canvas, "dimensions"),
                    effective: size(canvas, "effective_dimensions"),
                    squeeze: canvas.get("anamorphic_squeeze").and_then(Value::as_f64),
                    decisions: list(canvas, "framing_decisions")
                        .take(MOST)
                        .map(|decision| DecisionSummary {
                            intent: of(decision, "framing_intent_id"),
                            size: size(decision, "dimensions"),
                            at: pair(decision, "anchor_point", ["x", "y"], ","),
                            protection: size(decision, "protection_dimensions"),
                        })
                        .collect(),
                })
                .collect(),
            templates: list(document, "canvas_templates")
                .take(MOST)
                .filter_map(|template| of(template, "label").or_else(|| of(template, "id")))
                .collect(),
        }
    }
}
