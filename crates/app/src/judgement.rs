//! Owns what is said of a card's findings beside the findings: who overrode one and why, and which are settled because the other
//! card of a recording came. A finding is never dropped: it is marked.

use crate::{App, clock, not_found, state_problem};
use checkgate_catalog::{OverrideRow, SpanJoinRow};
use checkgate_contract::{Empty, OverrideRequest, OverrideView, WithdrawRequest};
use checkgate_model::{ErrorCode, Finding, Overridden, Override, Problem, Severity};

/// Findings that the other card of a recording settles.
const ELSEWHERE: &[&str] = &["clip.segment_missing", "clip.half_elsewhere", "clip.continues_elsewhere"];

impl App {
    /// All findings of a card, worst first, with overrides and other cards taken into account.
    pub(crate) async fn findings_of(&self, card: &str) -> Result<Vec<Finding>, Problem> {
        let mut findings = self.catalog().findings_of(card).await.map_err(state_problem)?;
        let joins = self.catalog().span_joins_of(card).await.map_err(state_problem)?;
        settle(&mut findings, &joins);
        let overrides = self.catalog().overrides_of(card).await.map_err(state_problem)?;
        mark(&mut findings, &overrides);
        findings.sort_by_key(|finding| (!finding.is_open_error(), std::cmp::Reverse(finding.severity)));
        Ok(findings)
    }

    /// Overrides every finding of a code on a card, or those about one path or clip; says how many.
    pub async fn override_findings(&self, request: OverrideRequest) -> Result<u32, Problem> {
        let (by, reason) = (request.by.trim(), request.reason.trim());
        if by.is_empty() || reason.is_empty() {
            return Err(Problem::new(ErrorCode::BadRequest, "an override needs the name of who overrides and a reason"));
        }
        let findings = self.findings_of(&request.card).await?;
        let about = |finding: &&Finding| {
            finding.code == request.code
                && request.path.as_ref().is_none_or(|path| finding.path.as_ref().is_some_and(|known| known.as_str() == path))
                && request.clip.as_ref().is_none_or(|clip| finding.clip.as_ref() == Some(clip))
        };
        let chosen: Vec<&Finding> = findings.iter().filter(about).collect();
        if chosen.is_empty() {
            return Err(not_found("finding", &request.code));
        }
        if let Some(fixed) = chosen.iter().find(|finding| !finding.overridable) {
            let mut problem =
                Problem::new(ErrorCode::BadRequest, format!("{} cannot be overridden: {}", fixed.code, fixed.message));
            problem.hint = fixed.hint.clone();
            return Err(problem);
        }
        let at = clock::now();
        let mut count = 0;
        for finding in chosen.into_iter().filter(|finding| finding.overridden.is_none()) {
            let row = OverrideRow {
                id: clock::new_id(),
                card: request.card.clone(),
                code: finding.code.clone(),
                path: finding.path.as_ref().map(ToString::to_string),
                clip: finding.clip.clone(),
                message: finding.message.clone(),
                by: Override { by: by.to_owned(), reason: reason.to_owned(), at: at.to_string() },
                withdrawn_at: None,
            };
            self.catalog().store_override(&row).await.map_err(state_problem)?;
            let line = format!("{by} overrode {}: {} ({reason})", finding.code, finding.message);
            self.catalog().log(&request.card, at, &line).await.map_err(state_problem)?;
            count += 1;
        }
        self.refresh_verdict(&request.card).await;
        self.announce();
        Ok(count)
    }

    /// The same, for the page.
    pub async fn override_finding(&self, request: OverrideRequest) -> Result<Empty, Problem> {
        self.override_findings(request).await?;
        Ok(Empty {})
    }

    /// Takes back overrides of a card, all or those of one code; says how many. That they were made stays recorded.
    pub async fn withdraw_overrides(&self, card: &str, code: Option<&str>) -> Result<u64, Problem> {
        let at = clock::now();
        let count = self.catalog().withdraw_overrides(card, code, at).await.map_err(state_problem)?;
        if count > 0 {
            let what = code.unwrap_or("every code");
            let line = format!("{count} override(s) of {what} were taken back");
            self.catalog().log(card, at, &line).await.map_err(state_problem)?;
            self.refresh_verdict(card).await;
            self.announce();
        }
        Ok(count)
    }

    /// The same, for the page.
    pub async fn withdraw_override(&self, request: WithdrawRequest) -> Result<Empty, Problem> {
        self.withdraw_overrides(&request.card, Some(&request.code)).await?;
        Ok(Empty {})
    }

    /// Every override of a card, oldest first.
    pub async fn overrides(&self, card: &str) -> Result<Vec<OverrideView>, Problem> {
        let rows = self.catalog().overrides_of(card).await.map_err(state_problem)?;
        Ok(rows
            .into_iter()
            .map(|row| OverrideView {
                code: row.code,
                path: row.path,
                clip: row.clip,
                message: row.message,
                by: row.by.by,
                reason: row.by.reason,
                at: row.by.at,
                withdrawn_at: row.withdrawn_at,
            })
            .collect())
    }
}

/// Marks what a person overrode. What became not overridable since stays open.
pub(crate) fn mark(findings: &mut [Finding], overrides: &[OverrideRow]) {
    for finding in findings.iter_mut().filter(|finding| finding.overridable) {
        finding.overridden = overrides.iter().rev().find(|row| row.holds_for(finding)).map(|row| row.by.clone());
    }
}

/// Errors that do not stand in the way because someone overrode them.
pub(crate) fn overridden(findings: &[Finding]) -> Vec<Overridden> {
    findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .filter_map(|finding| {
            let by = finding.overridden.clone()?;
            Some(Overridden { code: finding.code.clone(), message: finding.message.clone(), by })
        })
        .collect()
}

/// Marks what the other card settled, says of the rest that it has not been seen, and tells of whole recordings that go on elsewhere.
fn settle(findings: &mut Vec<Finding>, joins: &[SpanJoinRow]) {
    for join in joins {
        let mut told = false;
        let about =
            |finding: &&mut Finding| ELSEWHERE.contains(&finding.code.as_str()) && finding.clip.as_ref() == Some(&join.clip);
        for finding in findings.iter_mut().filter(about) {
            if join.whole {
                let was = std::mem::take(&mut finding.message);
                finding.message = format!("goes on on card {}: {} (was: {was})", join.others, join.words);
                finding.code = "clip.joined".to_owned();
                finding.severity = Severity::Note;
                finding.overridable = true;
                finding.hint = format!("Whole only together with card {}: deliver both.", join.others);
            } else {
                finding.message = format!("{}; with card {}: {}", finding.message, join.others, join.words);
            }
            told = true;
        }
        if !told {
            let severity = if join.whole { Severity::Note } else { Severity::Warning };
            findings.push(
                Finding::new(
                    "clip.joined",
                    severity,
                    format!("goes on on card {}: {}", join.others, join.words),
                    format!("Whole only together with card {}: deliver both.", join.others),
                )
                .with_clip(&join.clip),
            );
        }
    }
    let alone = |finding: &&mut Finding| {
        ELSEWHERE.contains(&finding.code.as_str()) && !joins.iter().any(|join| finding.clip.as_ref() == Some(&join.clip))
    };
    for finding in findings.iter_mut().filter(alone) {
        finding.message.push_str("; the other card has not been seen yet");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing() -> Finding {
        Finding::new("clip.segment_missing", Severity::Error, "segments up to 3 are there, 1 missing: 2", "Insert it.")
            .with_clip("A")
    }

    fn join(whole: bool) -> SpanJoinRow {
        SpanJoinRow {
            card: "1".to_owned(),
            clip: "A".to_owned(),
            others: "B002".to_owned(),
            whole,
            words: "files 1 to 3".to_owned(),
        }
    }

    #[test]
    fn the_other_card_settles_what_was_missing() {
        let mut findings = vec![missing()];
        settle(&mut findings, &[]);
        assert!(findings[0].is_open_error() && findings[0].message.ends_with("has not been seen yet"));
        let mut findings = vec![missing()];
        settle(&mut findings, &[join(true)]);
        assert_eq!((findings[0].code.as_str(), findings[0].severity), ("clip.joined", Severity::Note));
        assert!(findings[0].message.contains("B002") && findings[0].message.contains("was: segments up to 3"));
        let mut findings = vec![missing()];
        settle(&mut findings, &[join(false)]);
        assert!(findings[0].is_open_error(), "what is still missing stays an error");
        let mut findings = Vec::new();
        settle(&mut findings, &[join(true)]);
        assert_eq!(findings[0].code, "clip.joined");
    }

    #[test]
    fn an_override_marks_what_was_found_then_and_nothing_else() {
        let row = OverrideRow {
            id: "1".to_owned(),
            card: "c".to_owned(),
            code: "roll.duplicate".to_owned(),
            path: None,
            clip: None,
            message: "then".to_owned(),
            by: Override { by: "Kim".to_owned(), reason: "agreed".to_owned(), at: "2026-11-23T08:00:00Z".to_owned() },
            withdrawn_at: None,
        };
        let finding = |message: &str, overridable| {
            let mut finding = Finding::new("roll.duplicate", Severity::Error, message, "");
            finding.overridable = overridable;
            finding
        };
        let mut findings = vec![finding("then", true), finding("now", true), finding("then", false)];
        mark(&mut findings, std::slice::from_ref(&row));
        let marked: Vec<bool> = findings.iter().map(|finding| finding.overridden.is_some()).collect();
        assert_eq!(marked, [true, false, false]);
        assert_eq!((findings.len(), overridden(&findings).len()), (3, 1), "nothing is hidden");
        let withdrawn = OverrideRow { withdrawn_at: Some("2026-11-24T08:00:00Z".to_owned()), ..row };
        mark(&mut findings, &[withdrawn]);
        assert!(findings.iter().all(|finding| finding.overridden.is_none()));
    }
}
