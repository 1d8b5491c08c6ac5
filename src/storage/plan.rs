//! Who is written when, in a batch where a key may stand more than once.
//!
//! The first holder of a key is written; the others learn their fate from it. Only when the first
//! holder turns out to be poison does the next one get its own try, in a further round.

use super::insert::{Key, Row};
use super::writer::{Batch, Fate, Outcome};

/// What the database said of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) fate: Fate,
    /// An attempt with this row broke off with an unknown result.
    pub(super) ambiguous: bool,
}

/// The rows of one INSERT, sorted by key, each key once.
#[derive(Debug)]
pub(super) struct Round<'a> {
    pub(super) rows: Vec<Row<'a>>,
    /// The rows' places in the plan.
    places: Vec<usize>,
    /// The other holders of their keys: (place in the plan, place in `rows`).
    followers: Vec<(usize, usize)>,
}

/// All rows of a batch and what is known of them.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    rows: Vec<Row<'a>>,
    verdicts: Vec<Option<Verdict>>,
    batch_sizes: Vec<usize>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(batches: impl Iterator<Item = &'a Batch>) -> Self {
        let mut rows = Vec::new();
        let mut batch_sizes = Vec::new();
        for batch in batches {
            batch_sizes.push(batch.records.len());
            rows.extend(batch.records.iter().map(|record| Row {
                project: &batch.key.project,
                session_id: &batch.key.session_id,
                record,
            }));
        }
        let verdicts = vec![None; rows.len()];
        Self {
            rows,
            verdicts,
            batch_sizes,
        }
    }

    /// The first undecided holder of each key; `None` when all is decided.
    pub(super) fn next_round(&self) -> Option<Round<'a>> {
        let undecided = self.rows.iter().zip(&self.verdicts).enumerate();
        let mut chosen: Vec<(Key<'a>, usize, Row<'a>)> = undecided
            .filter(|(_, (_, verdict))| verdict.is_none())
            .map(|(place, (&row, _))| (row.key(), place, row))
            .collect();
        chosen.sort_unstable_by_key(|&(key, place, _)| (key, place));
        let mut round = Round {
            rows: Vec::new(),
            places: Vec::new(),
            followers: Vec::new(),
        };
        let mut leader: Option<Key<'a>> = None;
        for (key, place, row) in chosen {
            if leader == Some(key) {
                round.followers.push((place, round.rows.len() - 1));
            } else {
                leader = Some(key);
                round.rows.push(row);
                round.places.push(place);
            }
        }
        (!round.rows.is_empty()).then_some(round)
    }

    /// Takes the verdicts on a round's rows; the other holders of a stored key are its duplicates.
    pub(super) fn settle(&mut self, round: &Round<'a>, verdicts: &[Verdict]) {
        for &(place, leader) in &round.followers {
            let verdict = verdicts.get(leader).and_then(Verdict::for_follower);
            self.decide(place, verdict);
        }
        for (&place, verdict) in round.places.iter().zip(verdicts) {
            self.decide(place, Some(verdict.clone()));
        }
    }

    fn decide(&mut self, place: usize, verdict: Option<Verdict>) {
        if let Some(slot) = self.verdicts.get_mut(place) {
            *slot = verdict;
        }
    }

    /// One outcome for each batch, in order.
    pub(super) fn into_outcomes(self) -> Vec<Outcome> {
        let mut verdicts = self.verdicts.into_iter();
        self.batch_sizes
            .iter()
            .map(|&size| {
                let mut outcome = Outcome {
                    fates: Vec::with_capacity(size),
                    ambiguous: false,
                };
                for verdict in verdicts.by_ref().take(size).flatten() {
                    outcome.ambiguous |= verdict.ambiguous;
                    outcome.fates.push(verdict.fate);
                }
                outcome
            })
            .collect()
    }
}

impl Verdict {
    /// One that leaves no doubt.
    pub(super) fn of(fate: Fate) -> Self {
        Self {
            fate,
            ambiguous: false,
        }
    }

    /// What it means for another event with the same key; `None` when that one deserves its own try.
    fn for_follower(&self) -> Option<Verdict> {
        let fate = match self.fate {
            Fate::New | Fate::Duplicate => Fate::Duplicate,
            Fate::Unknown => Fate::Unknown,
            Fate::Expired => Fate::Expired,
            Fate::Poison(_) => return None,
        };
        Some(Verdict {
            fate,
            ambiguous: self.ambiguous,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;
    use crate::storage::SessionKey;
    use crate::storage::event::{EventRecord, Receipt, parse};

    /// `a7`: the event with id `a` and timestamp 7.
    fn record(name: &str) -> EventRecord {
        let (id, at) = name.split_at(1);
        let json =
            format!(r#"{{"sessionId":"s","eventId":"{id}","eventType":"PLAY","timestamp":{at}}}"#);
        let receipt = Receipt {
            created_at_ms: 0,
            sent_at_ms: None,
        };
        let raw = Bytes::from(json);
        let parsed = parse(str::from_utf8(&raw).unwrap(), &raw, receipt);
        parsed.unwrap().record
    }

    /// `s: a1 b2`: a batch of session `s`.
    fn batch(text: &str) -> Batch {
        let (session, names) = text.split_once(':').unwrap();
        Batch {
            key: Arc::new(SessionKey::new(&"default".into(), session.trim())),
            records: names.split_whitespace().map(record).collect(),
        }
    }

    fn name(row: &Row<'_>) -> String {
        let event = &row.record.event;
        format!(
            "{}.{}{}",
            row.session_id, event.event_id, event.timestamp_ms
        )
    }

    /// Runs a plan. `answers` holds a line for each round expected: its rows, each with its fate
    /// (New, Duplicate, Poison, Unknown; a question mark means ambiguous), as in `s.a1:N s.b2:D?`.
    /// Returns the outcome of each batch, as in `ND? P`.
    fn check(batches: &[&str], answers: &[&str], expected: &str) {
        let batches: Vec<Batch> = batches.iter().map(|text| batch(text)).collect();
        let mut plan = Plan::new(batches.iter());
        for line in answers {
            let round = plan.next_round().expect("there is a further round");
            let answers: Vec<(&str, &str)> = line
                .split_whitespace()
                .map(|answer| answer.split_once(':').unwrap())
                .collect();
            let asked: Vec<String> = round.rows.iter().map(name).collect();
            let told: Vec<&str> = answers.iter().map(|(name, _)| *name).collect();
            assert_eq!(asked, told);
            let verdicts: Vec<Verdict> = answers.iter().map(|(_, fate)| verdict(fate)).collect();
            plan.settle(&round, &verdicts);
        }
        assert!(plan.next_round().is_none(), "all is decided");
        let outcomes: Vec<String> = plan.into_outcomes().iter().map(letters).collect();
        assert_eq!(outcomes.join(" "), expected);
    }

    fn verdict(text: &str) -> Verdict {
        let fate = match text.trim_end_matches('?') {
            "N" => Fate::New,
            "D" => Fate::Duplicate,
            "U" => Fate::Unknown,
            "E" => Fate::Expired,
            _ => Fate::Poison("bad".to_owned()),
        };
        Verdict {
            fate,
            ambiguous: text.ends_with('?'),
        }
    }

    fn letters(outcome: &Outcome) -> String {
        let letter = |fate: &Fate| match fate {
            Fate::New => 'N',
            Fate::Duplicate => 'D',
            Fate::Poison(_) => 'P',
            Fate::Unknown => 'U',
            Fate::Expired => 'E',
        };
        let fates: String = outcome.fates.iter().map(letter).collect();
        fates + if outcome.ambiguous { "?" } else { "" }
    }

    #[test]
    fn rows_are_written_in_the_order_of_their_keys_and_told_in_the_order_of_their_batches() {
        check(
            &["t: b2 a1", "s: c3 a1"],
            &["s.a1:N s.c3:D t.a1:N t.b2:U"],
            "UN DN",
        );
    }

    #[test]
    fn the_first_holder_of_a_key_is_written_and_the_others_are_its_duplicates() {
        check(&["s: a1 b1 a1", "s: b1 a1"], &["s.a1:N s.b1:D"], "NDD DD");
    }

    #[test]
    fn an_id_with_another_timestamp_or_session_is_another_event() {
        check(&["s: a1 a2", "t: a1"], &["s.a1:N s.a2:N t.a1:N"], "NN N");
    }

    #[test]
    fn behind_a_poisoned_holder_the_next_one_gets_its_own_try() {
        check(
            &["s: a1 b1", "s: a1", "s: a1"],
            &["s.a1:P s.b1:N", "s.a1:P", "s.a1:N"],
            "PN P N",
        );
    }

    #[test]
    fn behind_a_poisoned_holder_the_next_ones_copies_learn_from_it() {
        check(&["s: a1 a1 a1"], &["s.a1:P", "s.a1:D"], "PDD");
    }

    #[test]
    fn what_is_unknown_of_a_key_or_too_late_is_so_of_all_its_holders() {
        check(&["s: a1 a1", "t: a1"], &["s.a1:E t.a1:N"], "EE N");
        check(&["s: a1 a1", "s: a1"], &["s.a1:U?"], "UU? U?");
    }

    #[test]
    fn doubt_about_one_event_is_doubt_about_its_batch_only() {
        check(
            &["s: a1 b1", "t: a1", "u: a1"],
            &["s.a1:N s.b1:D? t.a1:N u.a1:N?"],
            "ND? N N?",
        );
    }

    #[test]
    fn a_duplicate_of_a_doubtful_row_is_in_doubt_too() {
        check(&["s: a1", "s: b1 a1"], &["s.a1:D? s.b1:N"], "D? ND?");
    }

    #[test]
    fn empty_batches_have_empty_outcomes() {
        check(&["s:", "s: a1", "t:"], &["s.a1:N"], " N ");
        check(&[], &[], "");
    }

    #[test]
    fn a_round_without_an_answer_is_asked_again() {
        let batches = [batch("s: a1 b1")];
        let mut plan = Plan::new(batches.iter());
        let round = plan.next_round().unwrap();
        plan.settle(&round, &[verdict("N")]);
        let rest = plan.next_round().unwrap();
        assert_eq!(rest.rows.iter().map(name).collect::<Vec<_>>(), ["s.b1"]);
    }
}
