//! Owns rule profiles: which rules apply, how bad each is, who may override, with which limits. Data, read once.

use crate::codes::CODES;
use checkgate_model::Severity;
use regex::Regex;
use serde::Deserialize;

const FILES: &[(&str, &str)] = &[
    ("house", include_str!("../../../assets/rules/house.toml")),
    ("content-hub", include_str!("../../../assets/rules/content-hub.toml")),
    ("footage-ingest", include_str!("../../../assets/rules/footage-ingest.toml")),
];

/// Why a text is no profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The TOML does not fit.
    #[error("the rule profile cannot be read")]
    Syntax(#[from] toml::de::Error),
    /// It builds on a profile that does not exist.
    #[error("the rule profile builds on {0:?}, which does not exist")]
    UnknownBase(String),
    /// It names a rule that no check implements.
    #[error("the rule profile names {0:?}, which is no rule")]
    UnknownCode(String),
    /// A rule that builds on no other leaves something out.
    #[error("rule {code} has no {what}")]
    Incomplete {
        /// The rule.
        code: String,
        /// What is missing.
        what: &'static str,
    },
    /// A pattern cannot be compiled.
    #[error("rule {code}: the pattern {pattern:?} is not usable")]
    Pattern {
        /// The rule.
        code: String,
        /// The text.
        pattern: String,
    },
}

/// One rule of a profile.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Stable code, e.g. `name.characters`.
    pub code: String,
    /// How bad a breach is.
    pub severity: Severity,
    /// Whether a named person may override it.
    pub overridable: bool,
    /// What to do now.
    pub hint: String,
    /// Largest length, number or size.
    pub max: Option<u64>,
    /// The value asked for.
    pub value: Option<i64>,
    /// Inside of a character class that names may consist of.
    pub allowed: Option<String>,
    /// Inside of a character class that names must not contain.
    pub forbidden: Option<String>,
    /// Pattern a whole name must fit.
    pub pattern: Option<String>,
    /// What a recording has to reach.
    pub floor: Option<Floor>,
}

/// What a recording has to reach; a part that is not named is not asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// Photosites or pixels side by side.
    pub width: Option<i64>,
    /// Bits of a sample.
    pub bit_depth: Option<i64>,
    /// Megabits a second, decimal, at 24 fps.
    pub mbps_at_24: Option<u64>,
    /// Pattern of codecs that are neither raw nor intra-frame.
    pub long_gop: Option<String>,
    /// Pattern of curves made for a display.
    pub display_referred: Option<String>,
}

/// A rule as a file has it: what it leaves out is taken from the profile it builds on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    code: String,
    /// Takes the rule out of the profile.
    #[serde(default)]
    off: bool,
    severity: Option<Severity>,
    overridable: Option<bool>,
    hint: Option<String>,
    max: Option<u64>,
    value: Option<i64>,
    allowed: Option<String>,
    forbidden: Option<String>,
    pattern: Option<String>,
    floor: Option<Floor>,
}

impl Written {
    fn over(self, base: Option<&Rule>) -> Result<Rule, ProfileError> {
        let lacks = |what| ProfileError::Incomplete { code: self.code.clone(), what };
        let characters = self.allowed.is_some() || self.forbidden.is_some();
        let kept = |of: fn(&Rule) -> &Option<String>| base.and_then(|base| of(base).clone()).filter(|_| !characters);
        let rule = Rule {
            severity: self.severity.or(base.map(|base| base.severity)).ok_or_else(|| lacks("severity"))?,
            overridable: self.overridable.or(base.map(|base| base.overridable)).ok_or_else(|| lacks("overridable"))?,
            hint: self.hint.clone().or(base.map(|base| base.hint.clone())).ok_or_else(|| lacks("hint"))?,
            max: self.max.or(base.and_then(|base| base.max)),
            value: self.value.or(base.and_then(|base| base.value)),
            allowed: self.allowed.clone().or_else(|| kept(|base| &base.allowed)),
            forbidden: self.forbidden.clone().or_else(|| kept(|base| &base.forbidden)),
            pattern: self.pattern.clone().or_else(|| base.and_then(|base| base.pattern.clone())),
            floor: self.floor.clone().or_else(|| base.and_then(|base| base.floor.clone())),
            code: self.code,
        };
        rule.usable()?;
        Ok(rule)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    title: String,
    #[serde(default)]
    extends: Option<String>,
    #[serde(default, rename = "rule")]
    rules: Vec<Written>,
}

/// A named set of rules.
#[derive(Debug, Clone)]
pub struct RuleProfile {
    /// Name in presets and on the command line.
    pub name: String,
    /// Name as people read it.
    pub title: String,
    /// Rules; a code appears once.
    pub rules: Vec<Rule>,
}

impl RuleProfile {
    /// The rule with that code, if this profile has it.
    #[must_use]
    pub fn rule(&self, code: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.code == code)
    }
}

impl Rule {
    /// The characters a name is searched for: those not allowed, or those forbidden.
    pub(crate) fn offending(&self) -> Option<Regex> {
        let class = match (&self.allowed, &self.forbidden) {
            (Some(allowed), _) => format!("[^{allowed}]"),
            (None, Some(forbidden)) => format!("[{forbidden}]"),
            (None, None) => return None,
        };
        Regex::new(&class).ok()
    }

    pub(crate) fn whole(&self) -> Option<Regex> {
        self.pattern.as_ref().and_then(|pattern| Regex::new(pattern).ok())
    }

    /// Whether every pattern compiles.
    fn usable(&self) -> Result<(), ProfileError> {
        let refused = |pattern: &str| ProfileError::Pattern { code: self.code.clone(), pattern: pattern.to_owned() };
        if let (Some(class), None) = (self.allowed.as_ref().or(self.forbidden.as_ref()), self.offending()) {
            return Err(refused(class));
        }
        let floor = self.floor.iter().flat_map(|floor| [&floor.long_gop, &floor.display_referred]);
        for pattern in floor.chain([&self.pattern]).flatten() {
            Regex::new(pattern).map_err(|_| refused(pattern))?;
        }
        Ok(())
    }
}

/// Reads a profile, one of the house's own or a person's. A rule of a profile that `extends` another names only what differs;
/// `off = true` takes a rule out.
pub fn parse(text: &str) -> Result<RuleProfile, ProfileError> {
    let file: File = toml::from_str(text)?;
    let mut rules = match &file.extends {
        Some(base) => profile(base).ok_or_else(|| ProfileError::UnknownBase(base.clone()))?.rules,
        None => Vec::new(),
    };
    for written in file.rules {
        if !CODES.contains(&written.code.as_str()) {
            return Err(ProfileError::UnknownCode(written.code));
        }
        let known = rules.iter().position(|rule| rule.code == written.code);
        if written.off {
            if let Some(known) = known {
                rules.remove(known);
            }
            continue;
        }
        let rule = written.over(known.map(|known| &rules[known]))?;
        match known {
            Some(known) => rules[known] = rule,
            None => rules.push(rule),
        }
    }
    Ok(RuleProfile { name: file.name, title: file.title, rules })
}

/// A shipped profile by name: `house`, `content-hub`, `footage-ingest`.
#[must_use]
pub fn profile(name: &str) -> Option<RuleProfile> {
    let (_, text) = FILES.iter().find(|(known, _)| *known == name)?;
    parse(text).ok()
}

/// Names of the shipped profiles.
#[must_use]
pub fn profile_names() -> Vec<&'static str> {
    FILES.iter().map(|(name, _)| *name).collect()
}
