//! The two clients: which of a player's moments each of them reports, and when.
//!
//! An event is stamped with its moment's time. Our plugin sends two kinds later than they are
//! stamped: a stall is held for 100 ms, a seek until it is over. `seq` follows the order of sending.

use super::moment::{Moment, Pauser, State, Wait, What};
use super::wire::{Buffering, Engagement};

/// How long our plugin holds a stall before it believes it.
const HOLD_MS: i64 = 100;

/// An event before it has ids: times are ms since the load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Draft {
    pub(super) emit_ms: i64,
    pub(super) kind: &'static str,
    /// Which of the session's moments it reports.
    pub(super) moment: usize,
    pub(super) reason: Option<&'static str>,
    pub(super) buffering: Option<Buffering>,
    pub(super) engagement: Engagement,
}

/// What our plugin sends, in the order of sending.
pub(super) fn plugin(moments: &[Moment]) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = moments
        .iter()
        .enumerate()
        .filter_map(|(index, moment)| plugin_event(index, moment))
        .collect();
    // Stable: what is sent in the same ms keeps the order it happened in.
    drafts.sort_by_key(|draft| draft.emit_ms);
    drafts
}

fn plugin_event(index: usize, moment: &Moment) -> Option<Draft> {
    let (kind, reason, buffering) = plugin_report(moment)?;
    let seen = &moment.seen;
    Some(Draft {
        emit_ms: match moment.what {
            What::Waiting(Wait::Stall) => seen.at_ms + HOLD_MS,
            What::Seeking { until_ms, .. } => until_ms,
            _ => seen.at_ms,
        },
        kind,
        moment: index,
        reason,
        buffering,
        engagement: Engagement {
            total_watch_time: seen.totals.playing_ms,
            total_pause_time: seen.totals.paused_ms,
            interaction_count: seen.interactions,
        },
    })
}

/// An event's type, its reason and the wait it tells of.
type Told = (&'static str, Option<&'static str>, Option<Buffering>);

/// What our plugin tells of a moment, if anything.
fn plugin_report(moment: &Moment) -> Option<Told> {
    let at_ms = moment.seen.at_ms;
    let plain = |kind| Some((kind, None, None));
    let because = |kind, reason| Some((kind, Some(reason), None));
    let over = |since_ms, reason| {
        let wait = closed(since_ms, at_ms);
        Some(("BUFFER_END", Some(reason), Some(wait)))
    };
    match moment.what {
        What::Load => plain("SESSION_START"),
        What::Play(reason) => because("PLAY", reason),
        What::Waiting(Wait::Stall | Wait::Failure) => {
            Some(("BUFFER_START", None, Some(open(at_ms))))
        }
        What::Waiting(Wait::Startup | Wait::Seek) => None,
        What::Playing { wait, since_ms } => match wait {
            Wait::Startup => plain("FIRST_FRAME"),
            Wait::Stall => over(since_ms, "resumed"),
            Wait::Seek | Wait::Failure => None,
        },
        What::StallCut { since_ms, by } => over(since_ms, by),
        What::Seeking { .. } => plain("SEEK"),
        What::Pause(Pauser::User) => because("PAUSE", "user"),
        What::Pause(Pauser::Browser) => because("PAUSE", "background"),
        What::Pause(Pauser::End) => None,
        What::Shown { .. } => plain("QUALITY_CHANGE"),
        What::Error { fatal, .. } => fatal.then_some(("PLAYER_ERROR", None, None)),
        What::Heartbeat => plain("HEARTBEAT"),
        What::Visibility { .. } => plain("VISIBILITY"),
        What::RateChange => plain("RATE_CHANGE"),
        What::Ended => plain("ENDED"),
        What::Close(reason) => because("SESSION_END", reason),
    }
}

/// What the original client sends: every `waiting`, the first `playing` after it, every hls.js
/// error, `play` and `pause`; its totals move only on the last two.
pub(super) fn original(moments: &[Moment]) -> Vec<Draft> {
    let mut client = Original::default();
    for (index, moment) in moments.iter().enumerate() {
        client.notice(index, moment);
    }
    client.drafts
}

#[derive(Debug, Default)]
struct Original {
    drafts: Vec<Draft>,
    engagement: Engagement,
    waiting_since_ms: Option<i64>,
    played_at_ms: i64,
    paused_at_ms: Option<i64>,
}

impl Original {
    fn notice(&mut self, index: usize, moment: &Moment) {
        let at_ms = moment.seen.at_ms;
        match moment.what {
            What::Play(_) => {
                if let Some(paused_at_ms) = self.paused_at_ms.take() {
                    self.engagement.total_pause_time += at_ms - paused_at_ms;
                }
                self.played_at_ms = at_ms;
                self.engagement.interaction_count += 1;
                self.send(index, at_ms, "PLAY", None);
                if moment.seen.state == State::Playing {
                    self.playing(index, at_ms);
                }
            }
            What::Pause(_) => {
                self.engagement.total_watch_time += at_ms - self.played_at_ms;
                self.paused_at_ms = Some(at_ms);
                self.engagement.interaction_count += 1;
                self.send(index, at_ms, "PAUSE", None);
            }
            What::Waiting(_) => {
                self.waiting_since_ms = Some(at_ms);
                self.send(index, at_ms, "BUFFER_START", Some(open(at_ms)));
            }
            What::Playing { .. } => self.playing(index, at_ms),
            What::Shown { .. } => self.send(index, at_ms, "QUALITY_CHANGE", None),
            What::Error { .. } => self.send(index, at_ms, "PLAYER_ERROR", None),
            What::Load
            | What::StallCut { .. }
            | What::Seeking { .. }
            | What::Heartbeat
            | What::Visibility { .. }
            | What::RateChange
            | What::Ended
            | What::Close(_) => {}
        }
    }

    fn playing(&mut self, index: usize, at_ms: i64) {
        if let Some(since_ms) = self.waiting_since_ms.take() {
            let buffering = closed(since_ms, at_ms);
            self.send(index, at_ms, "BUFFER_END", Some(buffering));
        }
    }

    fn send(
        &mut self,
        moment: usize,
        at_ms: i64,
        kind: &'static str,
        buffering: Option<Buffering>,
    ) {
        self.drafts.push(Draft {
            emit_ms: at_ms,
            kind,
            moment,
            reason: None,
            buffering,
            engagement: self.engagement,
        });
    }
}

fn open(since_ms: i64) -> Buffering {
    Buffering {
        started_at: since_ms,
        ended_at: None,
        duration_ms: None,
    }
}

fn closed(since_ms: i64, at_ms: i64) -> Buffering {
    Buffering {
        started_at: since_ms,
        ended_at: Some(at_ms),
        duration_ms: Some(at_ms - since_ms),
    }
}
