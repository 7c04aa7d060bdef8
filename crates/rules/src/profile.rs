//! Owns rule profiles: which rules apply, how bad each is, who may override, with which limits. Data, read once.

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
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Stable code, e.g. `name.characters`.
    pub code: String,
    /// How bad a breach is.
    pub severity: Severity,
    /// Whether a named person may override it.
    pub overridable: bool,
    /// What to do now.
    pub hint: String,
    /// Largest length.
    #[serde(default)]
    pub max: Option<u64>,
    /// The value asked for.
    #[serde(default)]
    pub value: Option<i64>,
    /// Inside of a character class that names may consist of.
    #[serde(default)]
    pub allowed: Option<String>,
    /// Inside of a character class that names must not contain.
    #[serde(default)]
    pub forbidden: Option<String>,
    /// Pattern a whole name must fit.
    #[serde(default)]
    pub pattern: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    title: String,
    #[serde(default)]
    extends: Option<String>,
    #[serde(default, rename = "rule")]
    rules: Vec<Rule>,
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
}

/// Reads a profile, one of the house's own or a person's.
pub fn parse(text: &str) -> Result<RuleProfile, ProfileError> {
    let file: File = toml::from_str(text)?;
    let mut rules = match &file.extends {
        Some(base) => profile(base).ok_or_else(|| ProfileError::UnknownBase(base.clone()))?.rules,
        None => Vec::new(),
    };
    for rule in file.rules {
        if !crate::check::CODES.contains(&rule.code.as_str()) {
            return Err(ProfileError::UnknownCode(rule.code));
        }
        for (pattern, compiled) in
            [(rule.pattern.clone(), rule.whole()), (rule.allowed.clone().or_else(|| rule.forbidden.clone()), rule.offending())]
        {
            if let (Some(pattern), None) = (pattern, compiled) {
                return Err(ProfileError::Pattern { code: rule.code, pattern });
            }
        }
        match rules.iter_mut().find(|known| known.code == rule.code) {
            Some(known) => *known = rule,
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
