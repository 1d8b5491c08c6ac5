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
    /// What it means for another event with the same key; `None` when that one deserves its own try.
    fn for_follower(&self) -> Option<Verdict> {
        let fate = match self.fate {
            Fate::New | Fate::Duplicate => Fate::Duplicate,
            Fate::Unknown => Fate::Unknown,
            Fate::Poison(_) => return None,
        };
        Some(Verdict {
            fate,
            ambiguous: self.ambiguous,
        })
    }
}
