//! What happens in a session: the viewer and the network act on the player, by chance.
//!
//! Rates are means per kind of viewer and line, chosen so that a population has the spread real
//! ones have: most sessions are smooth, a tail starts slowly, stalls, fails or is left early.

use super::dice::{Dice, real, whole};
use super::moment::{Moment, State};
use super::player::{MICRO_STALL_MS, Player};
use super::population::Profile;

/// The longest that a viewer means to watch.
const LONGEST_MS: f64 = 4.0 * 3_600_000.0;

/// What may happen while playing.
#[derive(Debug, Clone, Copy)]
enum Turn {
    Stall,
    MicroStall,
    Throughput,
    Seek,
    Pause,
    Rate,
    Hide,
    Hiccup,
    Fatal,
}

/// The moments of one session, in time order. Of one that shall stay live, the beginning: `enough`
/// events, and no end.
pub(super) fn tell(
    dice: &mut Dice,
    profile: &Profile,
    mean_minutes: f64,
    enough: Option<usize>,
) -> Vec<Moment> {
    let watch_ms = dice.exponential(mean_minutes * 60_000.0);
    let mut story = Story::begin(dice, profile);
    if story.reach_first_frame() {
        story.watch(watch_ms.clamp(4_000.0, LONGEST_MS), enough);
    }
    if enough.is_none() {
        story.leave();
    }
    story.player.moments
}

/// The moments of a session that goes on, whatever happens, until it has `events` events: so long
/// that it is a test of whoever shows it. The video must be a live stream.
pub(super) fn tell_marathon(dice: &mut Dice, profile: &Profile, events: usize) -> Vec<Moment> {
    let mut story = Story::begin(dice, profile);
    story.tireless = true;
    story.player.start();
    story.player.pass(1_000);
    let first = story.affordable(0.5);
    story.player.first_frame(first);
    story.watch(f64::INFINITY, Some(events));
    story.player.moments
}

/// A session while it is told.
pub(super) struct Story<'a> {
    pub(super) dice: &'a mut Dice,
    pub(super) profile: &'a Profile,
    pub(super) player: Player,
    pub(super) throughput_kbps: f64,
    /// No stall is too long, and nothing fails for good.
    pub(super) tireless: bool,
}

impl<'a> Story<'a> {
    fn begin(dice: &'a mut Dice, profile: &'a Profile) -> Self {
        let position_sec = match profile.video.duration_sec {
            None => dice.between(600.0, 7_200.0),
            Some(length_sec) if dice.chance(0.1) => length_sec * dice.between(0.1, 0.7),
            Some(_) => 0.0,
        };
        let drop_share = if dice.chance(0.15) {
            dice.between(0.005, 0.06)
        } else {
            dice.between(0.0, 0.001)
        };
        let throughput_kbps = profile.throughput_kbps;
        let player = Player::load(&profile.video, position_sec, throughput_kbps, drop_share);
        Self {
            dice,
            profile,
            player,
            throughput_kbps,
            tireless: false,
        }
    }

    /// Play intent and the wait for the first frame; false when none ever comes.
    fn reach_first_frame(&mut self) -> bool {
        let idle_ms = if self.dice.chance(0.6) {
            self.dice.between(20.0, 300.0)
        } else {
            self.dice.exponential(4_000.0)
        };
        self.player.pass(whole(idle_ms));
        self.player.start();
        let slowness = (4_000.0 / self.throughput_kbps).clamp(0.7, 5.0);
        let startup_ms = self.dice.log_normal(800.0 * slowness, 0.65);
        let startup_ms = startup_ms.clamp(60.0, 60_000.0);
        if self.dice.chance(0.015) {
            self.player.pass(whole(startup_ms * 2.0));
            self.player.fail("manifestLoadError");
            return false;
        }
        let patience_ms = 1_000.0 + self.dice.exponential(40_000.0);
        if patience_ms < startup_ms {
            self.player.pass(whole(patience_ms));
            return false;
        }
        self.player.pass(whole(startup_ms));
        let first = self.affordable(0.5);
        self.player.first_frame(first);
        true
    }

    fn watch(&mut self, watch_ms: f64, enough: Option<usize>) {
        let mut left_ms = watch_ms;
        // Our plugin reports more than every second moment.
        let most = enough.map_or(usize::MAX, |events| events.saturating_mul(2));
        while self.player.moments.len() <= most {
            let (wait_ms, turn) = self.next_turn();
            let end_ms = self.until_end_ms();
            let step_ms = wait_ms.min(left_ms).min(end_ms).max(1.0);
            self.player.pass(whole(step_ms));
            left_ms -= step_ms;
            if step_ms >= end_ms {
                if !self.reach_end() {
                    return;
                }
            } else if left_ms <= 0.0 || !self.take(turn) {
                return;
            }
        }
    }

    /// The next of all that may happen: when, and what.
    fn next_turn(&mut self) -> (f64, Turn) {
        let bitrate_kbps = self.player.now.rendition.map_or(400, |r| r.bitrate_kbps);
        let strain = (f64::from(bitrate_kbps) * 2.0 / self.throughput_kbps).clamp(0.2, 12.0);
        let per_hour = [
            (6.0 * strain, Turn::Stall),
            (2.0 * strain, Turn::MicroStall),
            (80.0, Turn::Throughput),
            (14.0, Turn::Seek),
            (14.0, Turn::Pause),
            (1.5, Turn::Rate),
            (10.0, Turn::Hide),
            (4.0, Turn::Hiccup),
            (if self.tireless { 0.0 } else { 0.15 * strain }, Turn::Fatal),
        ];
        let sum: f64 = per_hour.iter().map(|(rate, _)| rate).sum();
        let wait_ms = self.dice.exponential(3_600_000.0 / sum);
        let turn = self.dice.pick(&per_hour).copied();
        (wait_ms, turn.unwrap_or(Turn::Throughput))
    }

    /// Lets `turn` happen; false when it was the last.
    fn take(&mut self, turn: Turn) -> bool {
        match turn {
            Turn::Stall => return self.stall(),
            Turn::MicroStall => {
                self.player.stall(true);
                let ms = self.dice.between(100.0, real(MICRO_STALL_MS) - 10.0);
                self.player.pass(whole(ms));
                self.player.resume_from_stall();
            }
            Turn::Throughput => self.adapt(0.45),
            Turn::Seek => self.seek(),
            Turn::Pause => self.pause(),
            Turn::Rate => {
                let rates = [(1.0, 0.75), (2.0, 1.25), (2.0, 1.5), (1.0, 2.0), (2.0, 1.0)];
                let rate: f64 = self.dice.pick(&rates).copied().unwrap_or(1.0);
                if rate.to_bits() != self.player.now.rate.to_bits() {
                    self.player.set_rate(rate);
                }
            }
            Turn::Hide => self.hide(),
            Turn::Hiccup => self.player.hiccup("fragLoadError"),
            Turn::Fatal => {
                self.fail();
                return false;
            }
        }
        true
    }

    /// The viewer goes: most clients say so, a quarter just falls silent.
    fn leave(&mut self) {
        if matches!(self.player.now.state, State::Ended) {
            let ms = self.dice.exponential(6_000.0);
            self.player.pass(whole(ms));
        }
        let reasons = [
            (7.0, "page_close"),
            (1.5, "source_change"),
            (1.5, "destroy"),
        ];
        let reason = self.dice.pick(&reasons).copied().unwrap_or("page_close");
        if self.dice.chance(0.75) {
            self.player.close(reason);
        }
    }
}
