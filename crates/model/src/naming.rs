//! Owns folder templates: tokens in, a relative path out that every file system of the trade can hold (exFAT, NTFS, APFS, ext4).
//! Pure: the same template and values always give the same path. Must never leave the destination, guess a value, or drop one
//! silently.
//!
//! A template is folder names with tokens: `{date}[_{episode}]_Day{day:2}_{unit}/{media_type}/[{camera_format}/]{roll}`.
//! `{day:2}` pads a number with zeros; what stands in `[ ]` is left out where a token in it has no value; `{{`, `}}`, `[[` and `]]` stand
//! for the signs themselves.

use crate::path::RelPath;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Longest template.
pub const LONGEST_TEMPLATE: usize = 1024;
/// Most folders a template may make below a destination.
pub const MOST_FOLDERS: usize = 16;
/// Longest name of one folder in bytes of UTF-8: ext4's limit, and never more than the 255 UTF-16 units of exFAT, NTFS and APFS.
pub const LONGEST_NAME: usize = 255;
/// Longest whole path below the destination, so that NTFS and manifests still hold the files in it.
pub const LONGEST_PATH: usize = 2048;

macro_rules! tokens {
    ($($variant:ident = $name:literal, $words:literal, $example:literal;)*) => {
        /// Something a template can ask for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Token {
            $(#[doc = $words] #[serde(rename = $name)] $variant,)*
        }

        impl Token {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Name as it stands in a template.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it stands for.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $(Self::$variant => $words,)* }
            }

            /// A value, for previews without a card.
            #[must_use]
            pub const fn example(self) -> &'static str {
                match self { $(Self::$variant => $example,)* }
            }
        }
    };
}

tokens! {
    Date = "date", "Shooting date as YYYYMMDD: what the clips say, else the day the card was first seen", "20261123";
    Year = "year", "Year of that date", "2026";
    Month = "month", "Month of that date, two digits", "11";
    DayOfMonth = "day_of_month", "Day of that date, two digits", "23";
    Project = "project", "Production", "NIGHTFALL";
    Season = "season", "Season", "01";
    Episode = "episode", "Episode, e.g. EP103", "EP103";
    Block = "block", "Block, e.g. Block02", "Block02";
    Day = "day", "Shooting day", "5";
    Unit = "unit", "Unit, e.g. MU, SU, SP", "MU";
    Roll = "roll", "Roll: the reel of the card", "A003R1JL";
    Reel = "reel", "The same as roll", "A003R1JL";
    Camera = "camera", "Camera letter", "A";
    CameraModel = "camera_model", "Camera model", "ALEXA 35";
    CameraFormat = "camera_format", "Camera, codec and picture size of most clips", "ALEXA35_ProRes4444_4608x3164";
    Codec = "codec", "Codec of most clips", "ProRes 4444";
    PictureSize = "picture_size", "Picture size of most clips", "4608x3164";
    Rate = "rate", "Frame rate of most clips", "24";
    Family = "family", "Kind of card as Checkgate calls it", "arri-new";
    MediaType = "media_type", "Camera_Media or Sound_Media", "Camera_Media";
    Label = "label", "Label of the card's volume", "A003R1JL";
    Counter = "counter", "Number of this card among those first seen on its day", "7";
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Token {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|token| token.name() == text).ok_or_else(|| TemplateError::UnknownToken(text.to_owned()))
    }
}

/// Names of all tokens, for messages.
#[must_use]
pub fn token_list() -> String {
    Token::ALL.iter().map(|token| token.name()).collect::<Vec<_>>().join(", ")
}

/// Values of tokens. What is not in it has no value.
pub type Values = BTreeMap<Token, String>;

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Nothing in it.
    #[error("the folder template is empty")]
    Empty,
    /// Too long.
    #[error("the folder template has {0} bytes; {LONGEST_TEMPLATE} are allowed")]
    TooLong(usize),
    /// A token nobody knows.
    #[error("there is no token {{{0}}}; there are: {tokens}", tokens = token_list())]
    UnknownToken(String),
    /// `{` or `[` without its partner, or the other way round.
    #[error("{0:?} stands alone at byte {1}; write it twice for the sign itself")]
    Unbalanced(char, usize),
    /// `[` inside `[ ]`.
    #[error("a part in [ ] cannot hold another one (byte {0})")]
    Nested(usize),
    /// A width that is none.
    #[error("{0:?} is no width from 1 to 9")]
    BadWidth(String),
    /// Names a place outside the destination.
    #[error("the folder template {0:?} names a place outside the destination; it is a path below it")]
    Outside(String),
    /// Too many folders.
    #[error("the folder template has {0} folders; {MOST_FOLDERS} are allowed")]
    TooDeep(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Token { token: Token, width: usize },
    Maybe(Vec<Part>),
}

/// A parsed folder template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

/// Why values do not make a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpandError {
    /// Tokens outside `[ ]` without a value.
    #[error("the folder template asks for {}, which has no value here", braced(.0))]
    NoValue(Vec<Token>),
    /// Nothing is left.
    #[error("the folder template makes no folder with these values")]
    Nothing,
    /// Longer than [`LONGEST_PATH`].
    #[error("the folder template makes a path of {0} bytes; {LONGEST_PATH} are allowed")]
    TooLong(usize),
}

fn braced(tokens: &[Token]) -> String {
    tokens.iter().map(|token| format!("{{{token}}}")).collect::<Vec<_>>().join(", ")
}

/// A name that had to be changed so that every file system can hold it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct NameChange {
    /// As the values say it.
    pub from: String,
    /// As the folder is called.
    pub to: String,
}

/// A path below a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expanded {
    /// The path; its last name is the roll folder.
    pub path: RelPath,
    /// Names that had to be changed.
    pub changed: Vec<NameChange>,
    /// Tokens in `[ ]` that have no value, so that their part is left out.
    pub left_out: Vec<Token>,
}

impl Template {
    /// Parses `text`.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.trim().is_empty() {
            return Err(TemplateError::Empty);
        }
        if text.len() > LONGEST_TEMPLATE {
            return Err(TemplateError::TooLong(text.len()));
        }
        let mut parts = Vec::new();
        let mut inside: Option<(usize, Vec<Part>)> = None;
        let mut signs = text.char_indices().peekable();
        while let Some((at, sign)) = signs.next() {
            let doubled = "{}[]".contains(sign) && signs.peek().is_some_and(|(_, next)| *next == sign);
            if doubled {
                signs.next();
                push_text(inside.as_mut().map_or(&mut parts, |(_, within)| within), sign);
                continue;
            }
            match sign {
                '{' => {
                    let mut name = String::new();
                    loop {
                        match signs.next() {
                            Some((_, '}')) => break,
                            Some((_, '{' | '[' | ']' | '/')) | None => return Err(TemplateError::Unbalanced('{', at)),
                            Some((_, letter)) => name.push(letter),
                        }
                    }
                    let part = parse_token(&name)?;
                    inside.as_mut().map_or(&mut parts, |(_, within)| within).push(part);
                }
                '}' => return Err(TemplateError::Unbalanced('}', at)),
                '[' if inside.is_some() => return Err(TemplateError::Nested(at)),
                '[' => inside = Some((at, Vec::new())),
                ']' => match inside.take() {
                    Some((_, within)) => parts.push(Part::Maybe(within)),
                    None => return Err(TemplateError::Unbalanced(']', at)),
                },
                other => push_text(inside.as_mut().map_or(&mut parts, |(_, within)| within), other),
            }
        }
        if let Some((at, _)) = inside {
            return Err(TemplateError::Unbalanced('[', at));
        }
        let outside = || TemplateError::Outside(text.to_owned());
        let drive_letter = text.as_bytes().get(1) == Some(&b':') && text.as_bytes()[0].is_ascii_alphabetic();
        if text.starts_with(['/', '\\', '~'])
            || drive_letter
            || text.split(['/', '\\']).any(|name| matches!(name.trim(), "." | ".."))
        {
            return Err(outside());
        }
        let folders = text.split('/').filter(|name| !name.is_empty()).count();
        if folders > MOST_FOLDERS {
            return Err(TemplateError::TooDeep(folders));
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// The template as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every token in it, once, in order.
    #[must_use]
    pub fn tokens(&self) -> Vec<Token> {
        let mut found = Vec::new();
        each_token(&self.parts, &mut |token| {
            if !found.contains(&token) {
                found.push(token);
            }
        });
        found
    }

    /// What a person should know about it, although it works.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let last = self.text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let names_roll = |text: &str| text.contains("{roll") || text.contains("{reel");
        if !names_roll(last) {
            notes.push(
                "The last folder does not name the roll. Readers of manifests take that folder's name for the roll's.".to_owned(),
            );
        }
        if !self.tokens().iter().any(|token| matches!(token, Token::Roll | Token::Reel | Token::Counter | Token::Label)) {
            notes.push("Every card goes into one folder: the second card will be refused.".to_owned());
        }
        notes
    }

    /// The path for `values`. Every token outside `[ ]` must have a value.
    pub fn expand(&self, values: &Values) -> Result<Expanded, ExpandError> {
        let mut missing = Vec::new();
        let (text, left_out) = self.fill(values, &mut |token| {
            if !missing.contains(&token) {
                missing.push(token);
            }
            String::new()
        });
        if !missing.is_empty() {
            return Err(ExpandError::NoValue(missing));
        }
        let mut changed = Vec::new();
        let mut names: Vec<String> = Vec::new();
        for name in text.split('/').filter(|name| !name.is_empty()) {
            let legal = legal_name(name);
            if legal != name {
                changed.push(NameChange { from: name.to_owned(), to: legal.clone() });
            }
            names.push(legal);
        }
        let path = names.join("/");
        if path.len() > LONGEST_PATH {
            return Err(ExpandError::TooLong(path.len()));
        }
        let path = RelPath::new(&path).map_err(|_| ExpandError::Nothing)?;
        Ok(Expanded { path, changed, left_out })
    }

    /// The path as far as it can be told: a token without a value stands there as itself. For showing only.
    #[must_use]
    pub fn sketch(&self, values: &Values) -> String {
        let (text, _) = self.fill(values, &mut |token| format!("{{{token}}}"));
        let shown = |name: &str| if name.contains('{') { name.to_owned() } else { legal_name(name) };
        text.split('/').filter(|name| !name.is_empty()).map(shown).collect::<Vec<_>>().join("/")
    }

    fn fill(&self, values: &Values, missing: &mut dyn FnMut(Token) -> String) -> (String, Vec<Token>) {
        let mut left_out = Vec::new();
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(words) => text.push_str(words),
                Part::Token { token, width } => match value_of(values, *token, *width) {
                    Some(value) => text.push_str(&value),
                    None => text.push_str(&missing(*token)),
                },
                Part::Maybe(within) => {
                    let mut inner = String::new();
                    let mut whole = true;
                    for part in within {
                        match part {
                            Part::Text(words) => inner.push_str(words),
                            Part::Token { token, width } => match value_of(values, *token, *width) {
                                Some(value) => inner.push_str(&value),
                                None => {
                                    whole = false;
                                    left_out.push(*token);
                                }
                            },
                            Part::Maybe(_) => {}
                        }
                    }
                    if whole {
                        text.push_str(&inner);
                    }
                }
            }
        }
        (text, left_out)
    }
}

fn push_text(parts: &mut Vec<Part>, sign: char) {
    if let Some(Part::Text(text)) = parts.last_mut() {
        text.push(sign);
    } else {
        parts.push(Part::Text(sign.to_string()));
    }
}

fn parse_token(name: &str) -> Result<Part, TemplateError> {
    let (name, width) = match name.split_once(':') {
        None => (name, 0),
        Some((name, digits)) => {
            let width = digits.parse::<usize>().ok().filter(|width| (1..=9).contains(width));
            (name, width.ok_or_else(|| TemplateError::BadWidth(digits.to_owned()))?)
        }
    };
    Ok(Part::Token { token: name.parse()?, width })
}

fn each_token(parts: &[Part], tell: &mut dyn FnMut(Token)) {
    for part in parts {
        match part {
            Part::Token { token, .. } => tell(*token),
            Part::Maybe(within) => each_token(within, tell),
            Part::Text(_) => {}
        }
    }
}

/// A value as it goes into a path: it never brings a folder of its own.
fn value_of(values: &Values, token: Token, width: usize) -> Option<String> {
    let value: String =
        values.get(&token)?.trim().chars().map(|sign| if matches!(sign, '/' | '\\') { '_' } else { sign }).collect();
    if value.is_empty() {
        return None;
    }
    if value.bytes().all(|digit| digit.is_ascii_digit()) && value.len() < width {
        return Some(format!("{value:0>width$}"));
    }
    Some(value)
}

/// Names that Windows keeps for devices, with or without an extension.
const RESERVED: &[&str] = &["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

fn is_reserved(name: &str) -> bool {
    let base = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |kind: &str| {
        base.strip_prefix(kind)
            .is_some_and(|rest| matches!(rest, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³"))
    };
    RESERVED.contains(&base.as_str()) || numbered("COM") || numbered("LPT")
}

/// `name` as every file system of the trade can hold it: no sign that exFAT or NTFS forbids, no dot or blank at either end, none of
/// the names Windows keeps for devices, at most 255 bytes. `ascmhl` is a history's own folder and gets an underscore.
#[must_use]
pub fn legal_name(name: &str) -> String {
    let replaced: String = name
        .chars()
        .map(|sign| if sign.is_control() || "/\\:*?\"<>|".contains(sign) || is_unseen(sign) { '_' } else { sign })
        .collect();
    let at_ends = |sign: char| sign == '.' || sign.is_whitespace();
    let mut legal = replaced.trim_matches(at_ends).to_owned();
    if legal.is_empty() {
        return "_".to_owned();
    }
    if is_reserved(&legal) || legal.eq_ignore_ascii_case("ascmhl") {
        legal.insert(0, '_');
    }
    if legal.len() > LONGEST_NAME {
        let mut end = LONGEST_NAME;
        while !legal.is_char_boundary(end) {
            end -= 1;
        }
        legal.truncate(end);
        legal.truncate(legal.trim_end_matches(at_ends).len());
    }
    legal
}

/// Signs that turn the reading direction or cannot be seen: two names that look alike would differ.
const fn is_unseen(sign: char) -> bool {
    matches!(sign, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// What a file system without regard to case takes two names for: equal keys are one folder there.
#[must_use]
pub fn case_key(path: &str) -> String {
    path.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(pairs: &[(Token, &str)]) -> Values {
        pairs.iter().map(|(token, value)| (*token, (*value).to_owned())).collect()
    }

    fn expand(template: &str, pairs: &[(Token, &str)]) -> String {
        Template::parse(template).expect("parses").expand(&values(pairs)).expect("expands").path.to_string()
    }

    const ROOT: &str = "{date}[_{episode}]_Day{day:2}_{unit}/{media_type}/[{camera_format}/]{roll}";

    #[test]
    fn the_published_template_root_comes_out_as_published() {
        let all = [
            (Token::Date, "20230510"),
            (Token::Episode, "EP103"),
            (Token::Day, "5"),
            (Token::Unit, "MU"),
            (Token::MediaType, "Camera_Media"),
            (Token::Roll, "A003R1JL"),
        ];
        assert_eq!(expand(ROOT, &all), "20230510_EP103_Day05_MU/Camera_Media/A003R1JL");
        let film: Vec<_> = all.iter().copied().filter(|(token, _)| *token != Token::Episode).collect();
        assert_eq!(expand(ROOT, &film), "20230510_Day05_MU/Camera_Media/A003R1JL", "the episode is dropped for features");
        let format = [all.as_slice(), &[(Token::CameraFormat, "ALEXA35 ARRIRAW")]].concat();
        assert_eq!(expand(ROOT, &format), "20230510_EP103_Day05_MU/Camera_Media/ALEXA35 ARRIRAW/A003R1JL");
    }

    #[test]
    fn an_unknown_token_is_answered_with_the_list() {
        let error = Template::parse("{date}/{rol}").expect_err("no such token").to_string();
        assert!(error.contains("{rol}") && error.contains("roll, reel") && error.contains("camera_format"), "{error}");
    }

    #[test]
    fn a_missing_value_is_said_and_never_becomes_an_empty_name() {
        let template = Template::parse("{date}_Day{day}/{roll}").expect("parses");
        let some = values(&[(Token::Date, "20261123"), (Token::Roll, "A003"), (Token::Day, "  ")]);
        assert_eq!(template.expand(&some), Err(ExpandError::NoValue(vec![Token::Day])));
        assert_eq!(template.sketch(&some), "20261123_Day{day}/A003");
    }

    #[test]
    fn nothing_leaves_the_destination() {
        for bad in [
            "/{roll}",
            "../{roll}",
            "a/../{roll}",
            "C:\\{roll}",
            "c:{roll}",
            "\\\\server\\{roll}",
            "~/{roll}",
            "a/ .. /b",
            ".",
            "",
        ] {
            assert!(Template::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(expand("{project}/{roll}", &[(Token::Project, "../../etc"), (Token::Roll, "..")]), "_.._etc/_");
    }

    #[test]
    fn signs_that_stand_alone_are_named() {
        assert_eq!(Template::parse("a{roll"), Err(TemplateError::Unbalanced('{', 1)));
        assert_eq!(Template::parse("a]"), Err(TemplateError::Unbalanced(']', 1)));
        assert_eq!(Template::parse("[a[b]]"), Err(TemplateError::Nested(2)));
        assert_eq!(Template::parse("{day:x}"), Err(TemplateError::BadWidth("x".to_owned())));
        assert_eq!(expand("{{{roll}}}[[x]]", &[(Token::Roll, "A")]), "{A}[x]");
    }

    #[test]
    fn names_are_legal_where_they_go() {
        for (given, wanted) in [
            ("A003: take?", "A003_ take_"),
            (" .hidden. ", "hidden"),
            ("con", "_con"),
            ("COM1.txt", "_COM1.txt"),
            ("console", "console"),
            ("AscMhl", "_AscMhl"),
            ("...", "_"),
            ("Straße", "Straße"),
        ] {
            assert_eq!(legal_name(given), wanted, "{given:?}");
        }
        assert_eq!(legal_name(&"ä".repeat(200)).len(), 254);
        assert_eq!(case_key("STRASSE/a003"), case_key("strasse/A003"));
    }

    #[test]
    fn a_template_that_forgets_the_roll_says_so() {
        assert_eq!(Template::parse("{date}/{roll}").expect("parses").notes().len(), 0);
        assert_eq!(Template::parse("{date}/media").expect("parses").notes().len(), 2);
    }

    fn any_values() -> impl Strategy<Value = Values> {
        proptest::collection::btree_map(
            proptest::sample::select(Token::ALL),
            "\\PC{0,300}|[./\\\\: ]{0,9}|(?i)con|nul|aux|lpt1",
            0..22,
        )
    }

    fn any_template() -> impl Strategy<Value = String> {
        let token = proptest::sample::select(Token::ALL).prop_map(|token| format!("{{{token}}}"));
        let part = prop_oneof![
            token.clone(),
            token.prop_map(|token| format!("[x{token}]")),
            Just("/".to_owned()),
            "[ .a-zA-Z:_-]{0,6}",
            "\\PC{0,4}"
        ];
        proptest::collection::vec(part, 1..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
        #[test]
        fn a_path_stays_below_the_destination_and_is_legal_everywhere(text in any_template(), given in any_values()) {
            let Ok(template) = Template::parse(&text) else { return Ok(()) };
            let first = template.expand(&given);
            prop_assert_eq!(&first, &template.expand(&given), "deterministic");
            let Ok(made) = first else { return Ok(()) };
            prop_assert!(made.path.as_str().len() <= LONGEST_PATH);
            for name in made.path.as_str().split('/') {
                prop_assert!(!name.is_empty() && name != "." && name != "..");
                prop_assert!(name.len() <= LONGEST_NAME && name.encode_utf16().count() <= 255);
                prop_assert!(!name.chars().any(|sign| sign.is_control() || "/\\:*?\"<>|".contains(sign)), "{}", name);
                prop_assert!(!name.ends_with(['.', ' ']) && !name.starts_with(['.', ' ']));
                prop_assert!(!is_reserved(name) && !name.eq_ignore_ascii_case("ascmhl"));
                prop_assert_eq!(legal_name(name), name, "a legal name stays as it is");
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,80}|[\\[\\]{}:a-z/]{0,40}") {
            if let Ok(template) = Template::parse(&text) {
                let _sketch = template.sketch(&Values::new());
            }
        }
    }
}
