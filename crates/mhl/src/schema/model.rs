//! Owns content models: what a schema says about the children of an element, and an automaton (Glushkov's) that reads them one by
//! one. The schemas are deterministic, as XML Schema demands, so that one position is enough to know where a reading stands.

use super::simple::Simple;

/// What an element may hold.
#[derive(Debug)]
pub(super) enum Kind {
    /// `xs:anyType`: any attribute, any text, any element; what is declared is still judged.
    Anything,
    /// Text of a simple type, with attributes.
    Text(Simple, &'static [Rule]),
    /// Elements, with attributes.
    Elements {
        /// The order they come in.
        model: Particle,
        /// Attributes.
        attributes: &'static [Rule],
        /// Whether text may stand between them.
        mixed: bool,
    },
}

/// An attribute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) value: Simple,
    pub(super) required: bool,
}

/// An attribute that may be absent.
pub(super) const fn may(name: &'static str, value: Simple) -> Rule {
    Rule { name, value, required: false }
}

/// An attribute that must be there.
pub(super) const fn must(name: &'static str, value: Simple) -> Rule {
    Rule { name, value, required: true }
}

/// An element with its type.
#[derive(Debug)]
pub(super) struct Declaration {
    pub(super) namespace: &'static str,
    pub(super) name: &'static str,
    pub(super) kind: &'static Kind,
}

/// Elements of namespaces other than this, whatever their name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Foreign {
    /// `##other` than this namespace; `None` for `##any`.
    pub(super) than: Option<&'static str>,
    /// Whether the element must be declared somewhere.
    pub(super) strict: bool,
}

impl Foreign {
    /// `##other` means neither the schema's own namespace nor none.
    pub(super) fn takes(self, namespace: &str) -> bool {
        self.than.is_none_or(|than| namespace != than && !namespace.is_empty())
    }
}

/// A part of a content model.
#[derive(Debug)]
pub(super) enum Particle {
    One(&'static Declaration),
    Foreign(Foreign),
    Sequence(&'static [Particle]),
    Choice(&'static [Particle]),
    /// Nought or one.
    Optional(&'static Particle),
    /// One or more.
    Many(&'static Particle),
}

/// What may stand at a position.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    One(&'static Declaration),
    Foreign(Foreign),
}

impl Place {
    fn takes(self, namespace: &str, name: &str) -> bool {
        match self {
            Self::One(declaration) => declaration.name == name && declaration.namespace == namespace,
            Self::Foreign(foreign) => foreign.takes(namespace),
        }
    }

    fn shown(self) -> String {
        match self {
            Self::One(declaration) => declaration.name.to_owned(),
            Self::Foreign(Foreign { than: None, .. }) => "any element".to_owned(),
            Self::Foreign(_) => "an element of another namespace".to_owned(),
        }
    }
}

/// A model ready to read.
#[derive(Debug)]
pub(super) struct Automaton {
    places: Vec<Place>,
    follow: Vec<Vec<usize>>,
    first: Vec<usize>,
    last: Vec<usize>,
    empty: bool,
}

/// First and last positions of a part, and whether it may be absent.
struct Ends {
    first: Vec<usize>,
    last: Vec<usize>,
    empty: bool,
}

impl Automaton {
    pub(super) fn new(model: &Particle) -> Self {
        let mut automaton = Self { places: Vec::new(), follow: Vec::new(), first: Vec::new(), last: Vec::new(), empty: true };
        let ends = automaton.add(model);
        Self { first: ends.first, last: ends.last, empty: ends.empty, ..automaton }
    }

    fn place(&mut self, place: Place) -> Ends {
        let number = self.places.len();
        self.places.push(place);
        self.follow.push(Vec::new());
        Ends { first: vec![number], last: vec![number], empty: false }
    }

    fn add(&mut self, particle: &Particle) -> Ends {
        match particle {
            Particle::One(declaration) => self.place(Place::One(declaration)),
            Particle::Foreign(foreign) => self.place(Place::Foreign(*foreign)),
            Particle::Optional(inner) => Ends { empty: true, ..self.add(inner) },
            Particle::Many(inner) => {
                let ends = self.add(inner);
                self.connect(&ends.last, &ends.first);
                ends
            }
            Particle::Choice(parts) => {
                let mut whole = Ends { first: Vec::new(), last: Vec::new(), empty: false };
                for part in *parts {
                    let ends = self.add(part);
                    whole.first.extend(ends.first);
                    whole.last.extend(ends.last);
                    whole.empty |= ends.empty;
                }
                whole
            }
            Particle::Sequence(parts) => {
                let mut whole = Ends { first: Vec::new(), last: Vec::new(), empty: true };
                for part in *parts {
                    let ends = self.add(part);
                    self.connect(&whole.last, &ends.first);
                    if whole.empty {
                        whole.first.extend(&ends.first);
                    }
                    if !ends.empty {
                        whole.last.clear();
                    }
                    whole.last.extend(ends.last);
                    whole.empty &= ends.empty;
                }
                whole
            }
        }
    }

    fn connect(&mut self, from: &[usize], to: &[usize]) {
        for position in from {
            self.follow[*position].extend(to);
        }
    }

    fn next(&self, at: Option<usize>) -> &[usize] {
        at.map_or(&self.first, |at| &self.follow[at])
    }

    /// The position that takes the element, after `at` (`None` before the first child).
    pub(super) fn step(&self, at: Option<usize>, namespace: &str, name: &str) -> Option<(usize, Place)> {
        self.next(at).iter().map(|next| (*next, self.places[*next])).find(|(_, place)| place.takes(namespace, name))
    }

    /// Where the element would belong, whatever came before.
    pub(super) fn anywhere(&self, namespace: &str, name: &str) -> Option<Place> {
        self.places.iter().copied().find(|place| matches!(place, Place::One(_)) && place.takes(namespace, name))
    }

    /// Whether the element may end after `at`.
    pub(super) fn may_end(&self, at: Option<usize>) -> bool {
        at.map_or(self.empty, |at| self.last.contains(&at))
    }

    /// What may come after `at`, for people.
    pub(super) fn expected(&self, at: Option<usize>) -> Vec<String> {
        let mut shown: Vec<String> = Vec::new();
        for next in self.next(at) {
            let name = self.places[*next].shown();
            if !shown.contains(&name) {
                shown.push(name);
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static TEXT: Kind = Kind::Text(Simple::String, &[]);
    static A: Declaration = Declaration { namespace: "", name: "a", kind: &TEXT };
    static B: Declaration = Declaration { namespace: "", name: "b", kind: &TEXT };
    static C: Declaration = Declaration { namespace: "", name: "c", kind: &TEXT };

    fn accepts(model: &Particle, word: &str) -> bool {
        let automaton = Automaton::new(model);
        let mut at = None;
        for letter in word.split("").filter(|letter| !letter.is_empty()) {
            let Some((next, _)) = automaton.step(at, "", letter) else { return false };
            at = Some(next);
        }
        automaton.may_end(at)
    }

    #[test]
    fn words_are_taken_as_a_regular_expression_takes_them() {
        use Particle::{Choice, Many, One, Optional, Sequence};
        static ONE_A: Particle = One(&A);
        static A_OR_B: Particle = Choice(&[One(&A), One(&B)]);
        static PAIR: Particle = Sequence(&[One(&A), Optional(&One(&B))]);
        // a? b? c / (a|b)+ c / (a b?)+ c?
        static OPTIONAL: Particle = Sequence(&[Optional(&One(&A)), Optional(&One(&B)), One(&C)]);
        static MANY: Particle = Sequence(&[Many(&A_OR_B), One(&C)]);
        static REPEATED: Particle = Sequence(&[Many(&PAIR), Optional(&One(&C))]);
        for (model, good, bad) in [
            (&OPTIONAL, &["abc", "ac", "bc", "c"][..], &["", "a", "ba", "bac", "cc", "abcc"][..]),
            (&MANY, &["ac", "bac", "abababc"], &["", "c", "ab", "acc", "acb"]),
            (&REPEATED, &["a", "ab", "aab", "abac", "aaac"], &["", "b", "abb", "c", "aca"]),
            (&ONE_A, &["a"], &["", "aa", "b"]),
        ] {
            for word in good {
                assert!(accepts(model, word), "{word}");
            }
            for word in bad {
                assert!(!accepts(model, word), "{word}");
            }
        }
    }
}
