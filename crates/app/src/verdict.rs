//! Owns the facts of the verdict: gathered from stored state only, so that a restart cannot make a card look safer.

use crate::{App, clock, state_problem};
use checkgate_catalog::{CardRow, CopyRow};
use checkgate_model::verdict::{judge, judge_local};
use checkgate_model::{CardFacts, CopyFacts, Finding, Policy, Problem, SignOffKind, Verdict};
use std::collections::BTreeMap;

impl App {
    /// May this card go back to the camera? Computed from stored facts and the policy that is set.
    pub async fn verdict(&self, card: &str) -> Result<Verdict, Problem> {
        Ok(judge(&self.policy_of(card).await?, &self.facts(card).await?))
    }

    /// May the copies on this machine's drives go?
    pub async fn local_verdict(&self, card: &str) -> Result<Verdict, Problem> {
        Ok(judge_local(&self.policy_of(card).await?, &self.facts(card).await?))
    }

    /// The policy a card is judged by: its job's, else the one that is set. Where the job's is gone, the name says so.
    pub(crate) async fn policy_of(&self, card: &str) -> Result<Policy, Problem> {
        let job = self.catalog().latest_job_of(card).await.map_err(state_problem)?;
        let named = job.as_ref().and_then(|job| crate::jobs::parse_plan(job).ok()).and_then(|plan| plan.options.policy);
        let set = self.settings().await?.policy;
        let Some(name) = named else { return Ok(set) };
        Ok(match self.policies().await?.remove(&name) {
            Some(policy) => policy,
            None => Policy { name: format!("{}; the policy {name} is missing", set.name), ..set },
        })
    }

    pub(crate) async fn facts(&self, card: &str) -> Result<CardFacts, Problem> {
        let row = self.catalog().card(card).await.map_err(state_problem)?.ok_or_else(|| crate::not_found("card", card))?;
        let findings = self.findings_of(card).await?;
        self.facts_with(&row, &findings).await
    }

    /// The same where the card and its findings are at hand.
    pub(crate) async fn facts_with(&self, row: &CardRow, findings: &[Finding]) -> Result<CardFacts, Problem> {
        let card = row.id.as_str();
        let upload = self.catalog().upload_of(card).await.map_err(state_problem)?;
        let job = self.catalog().latest_job_of(card).await.map_err(state_problem)?;
        let doubts = self.catalog().copy_doubts(card).await.map_err(state_problem)?;
        let places = self.catalog().copy_places(card).await.map_err(state_problem)?;
        let signed = self.catalog().sign_offs(card).await.map_err(state_problem)?;
        let is_signed = |what: SignOffKind| signed.iter().any(|sign| sign.what == what);
        Ok(CardFacts {
            files: row.recognition.file_count,
            source_device: row.source_device.clone(),
            source_reread_equal: job.and_then(|job| job.reread_equal),
            open_errors: findings.iter().filter(|finding| finding.is_open_error()).count() as u64,
            overridden: crate::judgement::overridden(findings),
            copies: newest_copies(self.catalog().copies_of_card(card).await.map_err(state_problem)?)
                .into_iter()
                .map(|copy| CopyFacts {
                    weakest: if copy.state == "sealed" { copy.evidence } else { None },
                    doubt: doubts.get(&copy.id).cloned(),
                    media: places.get(&copy.id).and_then(|place| place.media.clone()),
                    away: signed.iter().any(|sign| sign.what == SignOffKind::Away && sign.copy.as_ref() == Some(&copy.id)),
                    label: copy.label,
                    device: copy.device,
                    manifest_reread: copy.manifest_reread,
                    failed_files: copy.failed_files,
                })
                .collect(),
            uploaded: upload.is_some_and(|upload| upload.state == "done"),
            quality_checked: is_signed(SignOffKind::Quality),
            archived: is_signed(SignOffKind::Archived),
            day_complete: is_signed(SignOffKind::DayComplete),
        })
    }

    /// Stores since when the verdict is safe, and takes it back when it no longer is.
    pub(crate) async fn refresh_verdict(&self, card: &str) {
        let outcome = async {
            let verdict = self.verdict(card).await?;
            let row = self.catalog().card(card).await.map_err(state_problem)?.ok_or_else(|| crate::not_found("card", card))?;
            if verdict.safe != row.safe_since.is_some() {
                let since = verdict.safe.then(clock::now);
                self.catalog().set_safe_since(card, since).await.map_err(state_problem)?;
                let words = if verdict.safe {
                    format!("safe to format ({})", verdict.policy)
                } else {
                    "no longer safe to format".to_owned()
                };
                self.catalog().log(card, clock::now(), &words).await.map_err(state_problem)?;
            }
            Ok::<(), Problem>(())
        };
        if let Err(problem) = outcome.await {
            tracing::error!(card, %problem, "the verdict cannot be stored");
        }
    }
}

/// One copy per folder: the newest statement about it.
pub(crate) fn newest_copies(copies: Vec<CopyRow>) -> Vec<CopyRow> {
    let mut order = Vec::new();
    let mut newest: BTreeMap<String, CopyRow> = BTreeMap::new();
    for copy in copies {
        if !newest.contains_key(&copy.root) {
            order.push(copy.root.clone());
        }
        newest.insert(copy.root.clone(), copy);
    }
    order.into_iter().filter_map(|root| newest.remove(&root)).collect()
}
