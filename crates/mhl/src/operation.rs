//! Owns what is told about an operation: who ran it, where, with which tool, and of which kind (spec 6.4.2 to 6.4.4). Never asks
//! the machine for any of it.

use checkgate_model::Timestamp;
use std::fmt;

/// How the files came to be hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Process {
    /// Hashed where they are.
    InPlace,
    /// Copied by a tool which guarantees that source and destination are equal.
    Transfer,
    /// Hashes taken from other manifests.
    Flatten,
}

impl Process {
    /// The word in a manifest.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::InPlace => "in-place",
            Self::Transfer => "transfer",
            Self::Flatten => "flatten",
        }
    }

    /// The process of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::InPlace, Self::Transfer, Self::Flatten].into_iter().find(|process| process.word() == word.trim())
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A person who ran or answers for an operation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Author {
    /// Name.
    pub name: String,
    /// E-mail address, checked before it is written.
    pub email: Option<String>,
    /// Phone number as people write it.
    pub phone: Option<String>,
    /// Role, e.g. `DIT`.
    pub role: Option<String>,
}

/// Why an author cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorError {
    /// No name.
    #[error("an author needs a name")]
    NoName,
    /// Does not fit the schema's pattern for addresses.
    #[error("{0:?} is no e-mail address")]
    Email(String),
}

impl Author {
    /// Checks the author as [`append`](crate::History::append) does.
    pub fn check(&self) -> Result<(), AuthorError> {
        if self.name.trim().is_empty() {
            return Err(AuthorError::NoName);
        }
        match &self.email {
            Some(email) if !is_email(email) => Err(AuthorError::Email(email.clone())),
            _ => Ok(()),
        }
    }
}

/// The schema asks for `[^@]+@[^\.]+\..+`; this is that, without blanks and with one `@`.
fn is_email(text: &str) -> bool {
    let Some((user, domain)) = text.split_once('@') else { return false };
    let Some((host, rest)) = domain.split_once('.') else { return false };
    !user.is_empty()
        && !host.is_empty()
        && !rest.is_empty()
        && !domain.contains('@')
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// One operation: everything a manifest says about its own making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// When it began; also the date in the manifest's name.
    pub started: Timestamp,
    /// Name of the machine.
    pub host_name: String,
    /// Name of the tool.
    pub tool: String,
    /// Its version.
    pub tool_version: String,
    /// Kind.
    pub process: Process,
    /// People.
    pub authors: Vec<Author>,
    /// Where, as people call it.
    pub location: Option<String>,
    /// Free words.
    pub comment: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_the_schema_would_refuse_is_refused() {
        let author = |email: &str| Author { name: "A".to_owned(), email: Some(email.to_owned()), ..Author::default() };
        for good in ["a@b.c", "dit@stage-4.example.com"] {
            assert_eq!(author(good).check(), Ok(()), "{good}");
        }
        for bad in ["", "a", "@b.c", "a@", "a@b", "a@b.", "a@.c", "a@@b.c", "a b@c.d", "a@b.c\n"] {
            assert!(author(bad).check().is_err(), "{bad:?}");
        }
        assert_eq!(Author::default().check(), Err(AuthorError::NoName));
    }
}
