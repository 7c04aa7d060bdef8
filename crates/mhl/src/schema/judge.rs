//! Owns the walk through a document with its schema in hand. Holds one frame for each open element and never the document.

use super::model::{Automaton, Declaration, Kind, Place, Rule};
use super::scan::{Attribute, Event, Scanner, is_blank_letter};
use super::simple::Simple;
use super::{DocumentKind, MAX_VIOLATIONS, SchemaProblem, SchemaViolation, asc, legacy};
use crate::text_encoding::decode;
use crate::xml::{XmlError, utf8};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
const XSD: &str = "http://www.w3.org/2001/XMLSchema";
/// As much of a value as a message can take.
const SHOWN_LETTERS: usize = 60;

static ANYTHING: Kind = Kind::Anything;

/// Types of XML Schema that `xsi:type` may name where any type may stand.
static BUILT_IN: &[(&str, &Kind)] = &[
    ("anyType", &ANYTHING),
    ("string", &Kind::Text(Simple::String, &[])),
    ("dateTime", &Kind::Text(Simple::DateTime, &[])),
    ("integer", &Kind::Text(Simple::Integer, &[])),
    ("positiveInteger", &Kind::Text(Simple::PositiveInteger, &[])),
    ("decimal", &Kind::Text(Simple::Decimal, &[])),
    ("boolean", &Kind::Text(Simple::Boolean, &[])),
    ("hexBinary", &Kind::Text(Simple::Hex(None), &[])),
    ("base64Binary", &Kind::Text(Simple::Base64, &[])),
    ("anyURI", &Kind::Text(Simple::Uri, &[])),
];

/// One schema with what it imports.
struct Schema {
    root: &'static Declaration,
    global: &'static [&'static Declaration],
    attributes: &'static [Rule],
    named: &'static [(&'static str, &'static Kind)],
}

impl Schema {
    fn of(kind: DocumentKind) -> Self {
        match kind {
            DocumentKind::Manifest => {
                Self { root: &asc::HASHLIST, global: asc::MANIFEST_GLOBAL, attributes: &[], named: asc::NAMED }
            }
            DocumentKind::Chain => {
                Self { root: &asc::ASCMHLDIRECTORY, global: asc::CHAIN_GLOBAL, attributes: &[], named: asc::NAMED }
            }
            DocumentKind::Legacy => {
                Self { root: &legacy::HASHLIST, global: legacy::GLOBAL, attributes: legacy::GLOBAL_ATTRIBUTES, named: &[] }
            }
        }
    }

    fn declared(&self, namespace: &str, name: &str) -> Option<&'static Declaration> {
        self.global.iter().copied().find(|declaration| declaration.name == name && declaration.namespace == namespace)
    }
}

/// An open element.
struct Frame {
    segment: String,
    line: u64,
    /// `None` where nothing can be judged any more.
    kind: Option<&'static Kind>,
    reading: Option<Rc<Automaton>>,
    at: Option<usize>,
    text: String,
    out_of_order: bool,
    stray: bool,
    counts: Vec<(&'static str, u32)>,
}

struct Judge {
    schema: Schema,
    open: Vec<Frame>,
    automata: HashMap<usize, Rc<Automaton>>,
    ids: HashSet<String>,
    found: Vec<SchemaViolation>,
}

pub(super) fn document(bytes: &[u8], kind: DocumentKind) -> Result<(), Vec<SchemaViolation>> {
    let mut judge =
        Judge { schema: Schema::of(kind), open: Vec::new(), automata: HashMap::new(), ids: HashSet::new(), found: Vec::new() };
    let text = if kind == DocumentKind::Legacy { decode(bytes) } else { utf8(bytes).map(Cow::Borrowed) };
    match text {
        Ok(text) => {
            if let Err((line, error)) = judge.walk(&text, kind) {
                judge.tell(line, error.into());
            }
        }
        Err(error) => judge.tell(1, error.into()),
    }
    if judge.found.is_empty() { Ok(()) } else { Err(judge.found) }
}

impl Judge {
    fn walk(&mut self, text: &str, kind: DocumentKind) -> Result<(), (u64, XmlError)> {
        let mut scanner = Scanner::new(text).map_err(|error| (1, error))?;
        if let Some(encoding) = scanner.encoding().filter(|_| kind != DocumentKind::Legacy)
            && !["UTF-8", "UTF8", "US-ASCII", "ASCII"].iter().any(|known| known.eq_ignore_ascii_case(encoding))
        {
            self.tell(1, SchemaProblem::Encoding(encoding.chars().take(SHOWN_LETTERS).collect()));
        }
        while self.found.len() < MAX_VIOLATIONS {
            match scanner.next() {
                Ok(Some(Event::Start { namespace, name, attributes })) => {
                    let line = scanner.line();
                    self.start(&namespace, name, &attributes, line, &scanner);
                }
                Ok(Some(Event::Text(text))) => self.text(&text),
                Ok(Some(Event::End)) => self.end(),
                Ok(None) => break,
                Err(error) => return Err((scanner.line(), error)),
            }
        }
        Ok(())
    }

    /// Notes a violation of the element that is open.
    fn tell(&mut self, line: u64, problem: SchemaProblem) {
        if self.found.len() < MAX_VIOLATIONS {
            let element: String = self.open.iter().map(|frame| format!("/{}", frame.segment)).collect();
            let element = if element.is_empty() { "/".to_owned() } else { element };
            self.found.push(SchemaViolation { line, element, problem });
        }
    }

    fn start(&mut self, namespace: &str, name: &str, attributes: &[Attribute<'_>], line: u64, scanner: &Scanner<'_>) {
        let shown: String = name.chars().take(SHOWN_LETTERS).collect();
        let (mut declaration, mut kind, mut order) = (None, None, None);
        let mut undeclared = false;
        let mut segment = shown.clone();
        let place = match self.open.last_mut() {
            None => {
                declaration =
                    (name == self.schema.root.name && namespace == self.schema.root.namespace).then_some(self.schema.root);
                if declaration.is_none() {
                    order = Some(SchemaProblem::WrongRoot { expected: self.schema.root.name });
                }
                None
            }
            Some(parent) => match (parent.kind, &parent.reading) {
                (None, _) => None,
                (Some(Kind::Anything), _) => Some(Place::Foreign(super::model::Foreign { than: None, strict: false })),
                (Some(Kind::Text(..)), _) | (_, None) => {
                    parent.stray = true;
                    order = Some(SchemaProblem::ElementInText(shown.clone()));
                    None
                }
                (Some(Kind::Elements { .. }), Some(reading)) => {
                    if let Some((next, place)) = reading.step(parent.at, namespace, name) {
                        parent.at = Some(next);
                        Some(place)
                    } else {
                        if !parent.out_of_order {
                            let expected = reading.expected(parent.at);
                            let found = if expected.contains(&shown) { format!("{{{namespace}}}{shown}") } else { shown.clone() };
                            let found = found.chars().take(2 * SHOWN_LETTERS).collect();
                            order = Some(SchemaProblem::UnexpectedElement { found, expected });
                        }
                        parent.out_of_order = true;
                        reading.anywhere(namespace, name)
                    }
                }
            },
        };
        match place {
            Some(Place::One(one)) => {
                declaration = Some(one);
                if let Some(parent) = self.open.last_mut() {
                    segment = parent.numbered(one.name);
                }
            }
            Some(Place::Foreign(foreign)) => {
                declaration = self.schema.declared(namespace, name);
                undeclared = declaration.is_none() && foreign.strict;
                if declaration.is_none() && !foreign.strict {
                    kind = Some(&ANYTHING);
                }
            }
            None => {}
        }
        if let Some(declaration) = declaration {
            kind = Some(declaration.kind);
        }
        // What is out of place is told of the parent; a wrong root has none.
        if let Some(problem) = order.take_if(|_| !self.open.is_empty()) {
            self.tell(line, problem);
        }
        self.open.push(Frame {
            segment,
            line,
            kind: None,
            reading: None,
            at: None,
            text: String::new(),
            out_of_order: false,
            stray: false,
            counts: Vec::new(),
        });
        if let Some(problem) = order {
            self.tell(line, problem);
        }
        let judged = kind.is_some() || undeclared;
        if judged && let Some(value) = meta(attributes, "type") {
            match self.overridden(value, declaration.map(|known| known.kind), scanner) {
                Some(named) => {
                    kind = Some(named);
                    undeclared = false;
                }
                None => {
                    let wanted = "a type that this check follows here".to_owned();
                    self.tell(line, SchemaProblem::Attribute { name: "xsi:type".to_owned(), text: shortened(value), wanted });
                    kind = None;
                }
            }
        }
        if undeclared {
            self.tell(line, SchemaProblem::Undeclared);
        }
        if let Some(value) = meta(attributes, "nil").filter(|_| declaration.is_some() && judged) {
            let wanted = "absent: no element may be nil".to_owned();
            self.tell(line, SchemaProblem::Attribute { name: "xsi:nil".to_owned(), text: shortened(value), wanted });
        }
        if let Some(kind) = kind {
            self.attributes(kind, attributes, line);
        }
        let reading = match kind {
            Some(Kind::Elements { model, .. }) => {
                let key = std::ptr::from_ref(model).addr();
                Some(Rc::clone(self.automata.entry(key).or_insert_with(|| Rc::new(Automaton::new(model)))))
            }
            _ => None,
        };
        if let Some(frame) = self.open.last_mut() {
            frame.kind = kind;
            frame.reading = reading;
        }
    }

    /// The type that `xsi:type` names, where it may stand.
    fn overridden(&self, value: &str, declared: Option<&'static Kind>, scanner: &Scanner<'_>) -> Option<&'static Kind> {
        let value = value.trim_matches(is_blank_letter);
        let (prefix, name) = value.split_once(':').unwrap_or(("", value));
        let namespace = scanner.resolve(prefix)?;
        let types = match &*namespace {
            XSD => BUILT_IN,
            asc::NAMESPACE => self.schema.named,
            _ => return None,
        };
        let (_, named) = types.iter().find(|(known, _)| *known == name)?;
        declared.is_none_or(|declared| std::ptr::eq(declared, *named)).then_some(*named)
    }

    fn attributes(&mut self, kind: &'static Kind, attributes: &[Attribute<'_>], line: u64) {
        let (rules, any) = match kind {
            Kind::Anything => (self.schema.attributes, true),
            Kind::Text(_, rules) | Kind::Elements { attributes: rules, .. } => (*rules, false),
        };
        for attribute in attributes {
            let name = attribute.name;
            if &*attribute.namespace == XSI && matches!(name, "type" | "nil" | "schemaLocation" | "noNamespaceSchemaLocation") {
                continue;
            }
            match rules.iter().find(|rule| rule.name == name && attribute.namespace.is_empty()) {
                Some(rule) => {
                    let fits = rule.value.accepts(&attribute.value) && self.is_new(rule.value, &attribute.value);
                    if !fits {
                        let (name, text) = (name.to_owned(), shortened(&attribute.value));
                        self.tell(line, SchemaProblem::Attribute { name, text, wanted: rule.value.wanted() });
                    }
                }
                None if any => {}
                None => {
                    let known = rules.iter().any(|rule| rule.name == name);
                    let shown = if known { format!("{{{}}}{name}", attribute.namespace) } else { name.to_owned() };
                    self.tell(line, SchemaProblem::UnexpectedAttribute(shortened(&shown)));
                }
            }
        }
        for rule in rules.iter().filter(|rule| rule.required && !any) {
            if !attributes.iter().any(|attribute| attribute.name == rule.name && attribute.namespace.is_empty()) {
                self.tell(line, SchemaProblem::MissingAttribute(rule.name));
            }
        }
    }

    /// An `xs:ID` stands once in a document.
    fn is_new(&mut self, value: Simple, text: &str) -> bool {
        value != Simple::Id || self.ids.insert(text.trim_matches(is_blank_letter).to_owned())
    }

    fn text(&mut self, text: &str) {
        let Some(frame) = self.open.last_mut() else { return };
        match frame.kind {
            Some(Kind::Text(..)) => frame.text.push_str(text),
            Some(Kind::Elements { mixed: false, .. }) if !frame.stray && !text.chars().all(is_blank_letter) => {
                frame.stray = true;
                let line = frame.line;
                self.tell(line, SchemaProblem::StrayText);
            }
            _ => {}
        }
    }

    fn end(&mut self) {
        let Some(frame) = self.open.last() else { return };
        let line = frame.line;
        let problem = match (frame.kind, &frame.reading) {
            (Some(Kind::Text(value, _)), _) if !frame.stray && !value.accepts(&frame.text) => {
                Some(SchemaProblem::Text { text: shortened(&frame.text), wanted: value.wanted() })
            }
            (Some(Kind::Elements { .. }), Some(reading)) if !frame.out_of_order && !reading.may_end(frame.at) => {
                Some(SchemaProblem::Incomplete { expected: reading.expected(frame.at) })
            }
            _ => None,
        };
        if let Some(problem) = problem {
            self.tell(line, problem);
        }
        self.open.pop();
    }
}

impl Frame {
    /// The name of a child, with its number from the second on.
    fn numbered(&mut self, name: &'static str) -> String {
        match self.counts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => {
                *count += 1;
                format!("{name}[{count}]")
            }
            None => {
                self.counts.push((name, 1));
                name.to_owned()
            }
        }
    }
}

/// The value of one of the attributes that XML Schema itself gives to every element.
fn meta<'a>(attributes: &'a [Attribute<'_>], name: &str) -> Option<&'a str> {
    attributes.iter().find(|attribute| attribute.name == name && &*attribute.namespace == XSI).map(|found| found.value.as_ref())
}

fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_LETTERS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
