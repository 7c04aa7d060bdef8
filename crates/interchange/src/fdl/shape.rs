//! Owns the shape of ASC FDL 2.0: which object has which fields of which kind (ASC FDL 2.0, JSON schema). It judges single values;
//! what values mean together is in `check`.

use super::check::{FdlFault, FdlRule};
use serde_json::Value;

/// What a field holds.
pub(super) enum Kind {
    Text,
    /// One to 32 letters, digits and `_`.
    Id,
    /// Two of those with a hyphen between.
    DecisionId,
    Uuid,
    Whole,
    /// Not negative.
    Number,
    /// Greater than zero.
    Positive,
    Flag,
    Choice(&'static [&'static str]),
    /// A text of one character.
    Character,
    One(&'static Shape),
    Many(&'static Shape),
}

/// Fields of an object: name, whether it must be there, what it holds.
pub(super) struct Shape {
    fields: &'static [(&'static str, bool, Kind)],
    /// A field that asks for another.
    asks: Option<(&'static str, &'static str)>,
}

const fn shape(fields: &'static [(&'static str, bool, Kind)]) -> Shape {
    Shape { fields, asks: None }
}

static WHOLE_SIZE: Shape = shape(&[("width", true, Kind::Positive), ("height", true, Kind::Positive)]);
static SIZE: Shape = shape(&[("width", true, Kind::Positive), ("height", true, Kind::Positive)]);
static POINT: Shape = shape(&[("x", true, Kind::Number), ("y", true, Kind::Number)]);
static VERSION: Shape = shape(&[("major", true, Kind::Whole), ("minor", true, Kind::Whole)]);
static INTENT: Shape = shape(&[
    ("label", false, Kind::Text),
    ("id", true, Kind::Id),
    ("aspect_ratio", true, Kind::One(&WHOLE_SIZE)),
    ("protection", false, Kind::Number),
]);
static SEQUENCE: Shape =
    shape(&[("value", true, Kind::Text), ("idx", true, Kind::Character), ("min", true, Kind::Whole), ("max", true, Kind::Whole)]);
static CLIP_ID: Shape =
    shape(&[("clip_name", true, Kind::Text), ("file", false, Kind::Text), ("sequence", false, Kind::One(&SEQUENCE))]);
static DECISION: Shape = Shape {
    fields: &[
        ("label", false, Kind::Text),
        ("id", true, Kind::DecisionId),
        ("framing_intent_id", true, Kind::Id),
        ("dimensions", true, Kind::One(&SIZE)),
        ("anchor_point", true, Kind::One(&POINT)),
        ("protection_dimensions", false, Kind::One(&SIZE)),
        ("protection_anchor_point", false, Kind::One(&POINT)),
    ],
    asks: Some(("protection_dimensions", "protection_anchor_point")),
};
static CANVAS: Shape = Shape {
    fields: &[
        ("label", false, Kind::Text),
        ("id", true, Kind::Id),
        ("source_canvas_id", true, Kind::Id),
        ("dimensions", true, Kind::One(&WHOLE_SIZE)),
        ("effective_dimensions", false, Kind::One(&WHOLE_SIZE)),
        ("effective_anchor_point", false, Kind::One(&POINT)),
        ("photosite_dimensions", false, Kind::One(&WHOLE_SIZE)),
        ("physical_dimensions", false, Kind::One(&SIZE)),
        ("anamorphic_squeeze", false, Kind::Positive),
        ("framing_decisions", false, Kind::Many(&DECISION)),
    ],
    asks: Some(("effective_dimensions", "effective_anchor_point")),
};
static CONTEXT: Shape = shape(&[
    ("label", false, Kind::Text),
    ("context_creator", false, Kind::Text),
    ("clip_id", false, Kind::One(&CLIP_ID)),
    ("canvases", false, Kind::Many(&CANVAS)),
]);
static ROUND: Shape =
    shape(&[("even", true, Kind::Choice(&["whole", "even"])), ("mode", true, Kind::Choice(&["up", "down", "round"]))]);
const AREAS: &[&str] = &[
    "framing_decision.dimensions",
    "framing_decision.protection_dimensions",
    "canvas.dimensions",
    "canvas.effective_dimensions",
];
const KEPT_AREAS: &[&str] = &[
    "none",
    "framing_decision.dimensions",
    "framing_decision.protection_dimensions",
    "canvas.dimensions",
    "canvas.effective_dimensions",
];
static TEMPLATE: Shape = shape(&[
    ("label", false, Kind::Text),
    ("id", true, Kind::Id),
    ("target_dimensions", true, Kind::One(&WHOLE_SIZE)),
    ("target_anamorphic_squeeze", true, Kind::Positive),
    ("fit_source", true, Kind::Choice(AREAS)),
    ("fit_method", true, Kind::Choice(&["width", "height", "fit_all", "fill"])),
    ("alignment_method_vertical", false, Kind::Choice(&["top", "center", "bottom"])),
    ("alignment_method_horizontal", false, Kind::Choice(&["left", "center", "right"])),
    ("preserve_from_source_canvas", false, Kind::Choice(KEPT_AREAS)),
    ("maximum_dimensions", false, Kind::One(&WHOLE_SIZE)),
    ("pad_to_maximum", false, Kind::Flag),
    ("round", false, Kind::One(&ROUND)),
]);
/// The list itself.
pub(super) static ROOT: Shape = shape(&[
    ("uuid", true, Kind::Uuid),
    ("version", true, Kind::One(&VERSION)),
    ("fdl_creator", false, Kind::Text),
    ("default_framing_intent", false, Kind::Id),
    ("framing_intents", false, Kind::Many(&INTENT)),
    ("contexts", false, Kind::Many(&CONTEXT)),
    ("canvas_templates", false, Kind::Many(&TEMPLATE)),
]);

/// Renames what the shape does not know to a custom attribute, all the way down.
pub(super) fn make_custom(value: &mut Value, shape: &Shape) {
    let Some(object) = value.as_object_mut() else { return };
    let foreign: Vec<String> = object
        .keys()
        .filter(|name| !name.starts_with('_') && !shape.fields.iter().any(|(known, _, _)| known == name))
        .cloned()
        .collect();
    for name in foreign {
        let mut custom = format!("_{name}");
        while object.contains_key(&custom) {
            custom.insert(0, '_');
        }
        if let Some(value) = object.remove(&name) {
            object.insert(custom, value);
        }
    }
    for (name, _, kind) in shape.fields {
        match (kind, object.get_mut(*name)) {
            (Kind::One(inner), Some(value)) => make_custom(value, inner),
            (Kind::Many(inner), Some(Value::Array(members))) => members.iter_mut().for_each(|member| make_custom(member, inner)),
            _ => {}
        }
    }
}

/// Everything below `value` that has not this shape. `place` is a JSON pointer.
pub(super) fn check(value: &Value, shape: &Shape, place: &str, faults: &mut Vec<FdlFault>) {
    let mut fault = |place: String, what: String| faults.push(FdlFault { rule: FdlRule::Shape, place, what });
    let Some(object) = value.as_object() else {
        fault(place.to_owned(), "is no object".to_owned());
        return;
    };
    for (name, must, _) in shape.fields {
        if *must && !object.contains_key(*name) {
            fault(place.to_owned(), format!("has no {name}"));
        }
    }
    if let Some((name, other)) = shape.asks
        && object.contains_key(name)
        && !object.contains_key(other)
    {
        fault(place.to_owned(), format!("has {name}, but no {other}"));
    }
    if object.contains_key("file") && object.contains_key("sequence") {
        fault(place.to_owned(), "names a file and a sequence; it is one or the other".to_owned());
    }
    for name in object.keys().filter(|name| !name.starts_with('_')) {
        if !shape.fields.iter().any(|(known, _, _)| known == name) {
            fault(format!("{place}/{name}"), "is not known to ASC FDL 2.0".to_owned());
        }
    }
    let whole = std::ptr::eq(shape, &WHOLE_SIZE);
    for (name, _, kind) in shape.fields {
        let Some(value) = object.get(*name) else { continue };
        let place = format!("{place}/{name}");
        match kind {
            Kind::One(inner) => check(value, inner, &place, faults),
            Kind::Many(inner) => match value.as_array() {
                Some(members) => {
                    for (at, member) in members.iter().enumerate() {
                        check(member, inner, &format!("{place}/{at}"), faults);
                    }
                }
                None => faults.push(FdlFault { rule: FdlRule::Shape, place, what: "is no list".to_owned() }),
            },
            simple => {
                if let Some(what) = wrong(value, simple, whole) {
                    faults.push(FdlFault { rule: FdlRule::Shape, place, what });
                }
            }
        }
    }
}

fn wrong(value: &Value, kind: &Kind, whole: bool) -> Option<String> {
    let id = |text: &str, longest: usize| {
        (1..=longest).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let text = value.as_str();
    let number = value.as_f64();
    let (fits, wanted) = match kind {
        Kind::Text => (text.is_some(), "a text"),
        Kind::Id => (text.is_some_and(|text| id(text, 32)), "one to 32 letters, digits and underscores"),
        Kind::DecisionId => (
            text.and_then(|text| text.split_once('-')).is_some_and(|(canvas, intent)| id(canvas, 32) && id(intent, 32)),
            "the canvas's id, a hyphen and the intent's id",
        ),
        Kind::Uuid => (text.is_some_and(uuid), "a UUID"),
        Kind::Whole => (number.is_some_and(|number| number >= 0.0 && number.fract() == 0.0), "a whole number"),
        Kind::Number => (number.is_some_and(|number| number >= 0.0), "a number, not below zero"),
        Kind::Positive if whole => {
            (number.is_some_and(|number| number > 0.0 && number.fract() == 0.0), "a whole number above zero")
        }
        Kind::Positive => (number.is_some_and(|number| number > 0.0), "a number above zero"),
        Kind::Flag => (value.is_boolean(), "true or false"),
        Kind::Choice(words) => (text.is_some_and(|text| words.contains(&text)), "one of the words of the specification"),
        Kind::Character => (text.is_some_and(|text| text.chars().count() == 1), "one character"),
        Kind::One(_) | Kind::Many(_) => (true, ""),
    };
    (!fits).then(|| format!("is not {wanted}"))
}

fn uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
