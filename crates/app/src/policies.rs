//! Owns policies as data: those that ship and the user's own in the state folder, the one that is set, and what named persons signed
//! for. Must never judge; that is the model's.

use crate::{App, clock, not_found, state_problem};
use checkgate_contract::{Empty, SignOffRequest};
use checkgate_model::preset::is_name;
use checkgate_model::{ErrorCode, Policy, Problem, SignOff, SignOffKind};
use checkgate_volume::files;
use std::collections::BTreeMap;

const SHIPPED: &[(&str, &str)] = &[
    ("default", include_str!("../../../assets/policies/default.toml")),
    ("netflix-like", include_str!("../../../assets/policies/netflix-like.toml")),
    ("indie", include_str!("../../../assets/policies/indie.toml")),
];
const LARGEST: u64 = 64 * 1024;
const MOST: usize = 1000;

fn parse(name: &str, text: &str) -> Result<Policy, Problem> {
    let policy: Policy = toml::from_str(text)
        .map_err(|error| Problem::new(ErrorCode::BadRequest, format!("the policy {name} cannot be read: {}", error.message())))?;
    if policy.name.trim().is_empty() || policy.copies == 0 {
        return Err(Problem::new(
            ErrorCode::BadRequest,
            format!("the policy {name} needs a name and asks for at least one copy"),
        ));
    }
    Ok(policy)
}

impl App {
    /// Every policy by file name: shipped ones, replaced by the user's own of the same name.
    pub async fn policies(&self) -> Result<BTreeMap<String, Policy>, Problem> {
        let mut found = BTreeMap::new();
        for (name, text) in SHIPPED {
            found.insert((*name).to_owned(), parse(name, text)?);
        }
        let folder = self.home().policies();
        if files::exists(&folder) {
            for file in files::list_names(&folder, MOST).map_err(|error| Problem::from_error(error.code(), &error))? {
                let Some(name) = file.strip_suffix(".toml").filter(|name| is_name(name)) else { continue };
                let bytes = files::read_bounded(&folder.join(&file), LARGEST)
                    .map_err(|error| Problem::from_error(error.code(), &error))?;
                let text = String::from_utf8(bytes).map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?;
                found.insert(name.to_owned(), parse(name, &text)?);
            }
        }
        Ok(found)
    }

    /// Chooses the policy of the verdict. Cards that are no longer safe by it lose that word at once.
    pub async fn set_policy(&self, name: &str) -> Result<(), Problem> {
        let policy = self.policies().await?.remove(name).ok_or_else(|| not_found("policy", name))?;
        let mut settings = self.settings().await?;
        settings.policy = policy;
        self.store_settings(&settings).await?;
        for card in self.catalog().cards(1000).await.map_err(state_problem)? {
            self.refresh_verdict(&card.id).await;
        }
        Ok(())
    }

    /// Stores that a named person signs for something about a card; `copy` by label or id for a copy that was taken away.
    pub async fn sign_off(&self, card: &str, what: SignOffKind, copy: Option<&str>, by: &str, note: &str) -> Result<(), Problem> {
        let by = by.trim();
        if by.is_empty() {
            return Err(Problem::new(ErrorCode::BadRequest, "a signature needs a name"));
        }
        let copy = self.signed_copy(card, what, copy).await?;
        let sign = SignOff { what, copy, by: by.to_owned(), at: clock::now().to_string(), note: note.to_owned() };
        self.catalog().sign(card, &sign).await.map_err(state_problem)?;
        let line = format!("{by} signed: {}", what.name().replace('_', " "));
        self.catalog().log(card, clock::now(), &line).await.map_err(state_problem)?;
        self.refresh_verdict(card).await;
        self.announce();
        Ok(())
    }

    /// The same, as the window asks for it.
    pub async fn sign_off_as_asked(&self, request: SignOffRequest) -> Result<Empty, Problem> {
        let SignOffRequest { card, what, copy, by, note, withdraw } = request;
        if withdraw {
            self.withdraw_sign_off(&card, what, copy.as_deref()).await?;
        } else {
            self.sign_off(&card, what, copy.as_deref(), &by, &note).await?;
        }
        Ok(Empty {})
    }

    /// Takes a signature back.
    pub async fn withdraw_sign_off(&self, card: &str, what: SignOffKind, copy: Option<&str>) -> Result<(), Problem> {
        let copy = self.signed_copy(card, what, copy).await?;
        if !self.catalog().withdraw(card, what, copy.as_deref()).await.map_err(state_problem)? {
            return Err(not_found("signature", what.name()));
        }
        let line = format!("the signature was withdrawn: {}", what.name().replace('_', " "));
        self.catalog().log(card, clock::now(), &line).await.map_err(state_problem)?;
        self.refresh_verdict(card).await;
        self.announce();
        Ok(())
    }

    async fn signed_copy(&self, card: &str, what: SignOffKind, copy: Option<&str>) -> Result<Option<String>, Problem> {
        match (what, copy) {
            (SignOffKind::Away, Some(words)) => {
                let copies = crate::verdict::newest_copies(self.catalog().copies_of_card(card).await.map_err(state_problem)?);
                let found = copies.into_iter().find(|copy| copy.id == words || copy.label == words);
                found.map(|copy| Some(copy.id)).ok_or_else(|| not_found("copy", words))
            }
            (SignOffKind::Away, None) => Err(Problem::new(ErrorCode::BadRequest, "say which copy was taken away")),
            (_, Some(_)) => Err(Problem::new(ErrorCode::BadRequest, "only a copy that was taken away is named")),
            (_, None) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_policies_are_sound_and_the_default_is_the_models() {
        for (name, text) in SHIPPED {
            parse(name, text).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        }
        let shipped = parse("default", SHIPPED[0].1).expect("parses");
        assert_eq!(Policy { about: String::new(), ..shipped }, Policy::default());
    }
}
