//! What happens in a session: the viewer and the network act on the player, by chance.
//!
//! Rates are means per kind of viewer and line, chosen so that a population has the spread real
//! ones have: most sessions are smooth, a tail starts slowly, stalls, fails or is left early.

use super::dice::{Dice, real, whole};
use super::moment::{Moment, Pauser, State};
use super::player::{MICRO_STALL_MS, Player};
use super::population::{LADDER, Profile, Rendition};

/// The longest that a viewer means to watch.
const LONGEST_MS: f64 = 4.0 * 3_600_000.0;
/// A stall that lasts longer is left by half of the viewers.
const PATIENCE_MS: i64 = 12_000;

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

/// The moments of one session, in time order. A session of which only the first events are wanted
/// is told no further than `enough` moments need.
pub(super) fn tell(
    dice: &mut Dice,
    profile: &Profile,
    mean_minutes: f64,
    enough: usize,
) -> Vec<Moment> {
    let watch_ms = dice.exponential(mean_minutes * 60_000.0);
    let mut story = Story::begin(dice, profile);
    if story.reach_first_frame() {
        story.watch(watch_ms.clamp(4_000.0, LONGEST_MS), enough);
    }
    story.leave();
    story.player.moments
}

struct Story<'a> {
    dice: &'a mut Dice,
    profile: &'a Profile,
    player: Player,
    throughput_kbps: f64,
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
        let mut player = Player::load(&profile.video, position_sec, drop_share);
        let throughput_kbps = profile.throughput_kbps;
        player.now.throughput_kbps = throughput_kbps;
        Self {
            dice,
            profile,
            player,
            throughput_kbps,
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

    fn watch(&mut self, watch_ms: f64, enough: usize) {
        let mut left_ms = watch_ms;
        while self.player.moments.len() <= enough.saturating_mul(2) {
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
            (0.15 * strain, Turn::Fatal),
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

    fn stall(&mut self) -> bool {
        let ms = whole(self.dice.log_normal(1_100.0, 0.9)).clamp(MICRO_STALL_MS + 10, 90_000);
        self.player.stall(false);
        self.player.hiccup("bufferStalledError");
        if ms > PATIENCE_MS && self.dice.chance(0.5) {
            self.player.pass(PATIENCE_MS);
            return false;
        }
        if ms > 2_000 && self.dice.chance(0.1) {
            self.player.pass(ms / 2);
            self.seek();
            return true;
        }
        if ms > 2_000 && self.dice.chance(0.1) {
            self.player.pass(ms / 2);
            self.pause();
            return true;
        }
        self.player.pass(ms);
        self.player.resume_from_stall();
        self.throughput_kbps *= 0.75;
        self.adapt(0.1);
        true
    }

    /// The line changes, and with it perhaps the rendition.
    fn adapt(&mut self, sigma: f64) {
        let drift = (self.profile.throughput_kbps / self.throughput_kbps).powf(0.3);
        self.throughput_kbps *= drift * self.dice.log_normal(1.0, sigma);
        self.throughput_kbps = self.throughput_kbps.clamp(150.0, 200_000.0);
        self.player.now.throughput_kbps = self.throughput_kbps;
        let rendition = self.affordable(0.8);
        self.player.show(rendition);
    }

    fn seek(&mut self) {
        let to_sec = self.target_sec();
        let ms = whole(self.dice.log_normal(450.0, 0.8)).clamp(40, 20_000);
        self.player.seek(to_sec, ms);
    }

    fn pause(&mut self) {
        let ms = whole(self.dice.log_normal(9_000.0, 1.1)).clamp(400, 1_200_000);
        self.player.pause(Pauser::User);
        if self.dice.chance(0.15) {
            let before_ms = ms / 3;
            self.player.pass(before_ms);
            let to_sec = self.target_sec();
            let wait_ms = whole(self.dice.log_normal(450.0, 0.8)).clamp(40, 20_000);
            self.player.scrub(to_sec, ms - before_ms, wait_ms);
        } else {
            self.player.pass(ms);
            self.player.resume();
        }
    }

    /// A hidden tab: muted ones are paused by the browser, others play on.
    fn hide(&mut self) {
        let ms = whole(self.dice.log_normal(15_000.0, 1.0)).clamp(500, 600_000);
        self.player.set_hidden(true);
        if self.profile.muted {
            self.player.pause(Pauser::Browser);
            self.player.pass(ms);
            self.player.set_hidden(false);
            self.player.resume();
        } else {
            let end_ms = whole(self.until_end_ms()) - 1;
            self.player.pass(ms.min(end_ms));
            self.player.set_hidden(false);
        }
    }

    /// A fatal error: half of the time the stall came first, else the buffer still plays out.
    fn fail(&mut self) {
        if self.dice.chance(0.5) {
            self.player.stall(false);
            let ms = self.dice.between(3_000.0, 10_000.0);
            self.player.pass(whole(ms));
            self.player.fail("fragLoadError");
        } else {
            self.player.fail("bufferAppendError");
            let buffered_ms = self.player.now.buffer_sec / self.player.now.rate * 1000.0;
            let buffered_ms = buffered_ms.min(8_000.0).min(self.until_end_ms() - 100.0);
            self.player.pass(whole(buffered_ms));
            self.player.run_dry();
        }
    }

    /// The end of the video; true when it is watched once more.
    fn reach_end(&mut self) -> bool {
        let length_sec = self.profile.video.duration_sec.unwrap_or(0.0);
        self.player.end(length_sec);
        let again = self.dice.chance(0.03);
        if again {
            let ms = whole(self.dice.between(1_000.0, 8_000.0));
            self.player.pass(ms);
            self.player.resume();
        }
        again
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

    fn until_end_ms(&self) -> f64 {
        self.profile
            .video
            .duration_sec
            .map_or(f64::INFINITY, |end_sec| {
                (end_sec - self.player.now.position_sec) / self.player.now.rate * 1000.0
            })
    }

    /// Somewhere else in the video, at least 5 s away and not at its very end.
    fn target_sec(&mut self) -> f64 {
        let here_sec = self.player.now.position_sec;
        let ahead_sec = self.dice.between(5.0, 120.0);
        let behind_sec = self.dice.between(5.0, 40.0);
        let last_sec = self
            .profile
            .video
            .duration_sec
            .map_or(here_sec, |end| end - 5.0);
        if here_sec < 10.0 {
            // No room behind; the shortest video is 30 s long.
            here_sec + self.dice.between(5.0, 15.0)
        } else if here_sec + ahead_sec <= last_sec && self.dice.chance(0.7) {
            here_sec + ahead_sec
        } else {
            (here_sec - behind_sec).max(0.0)
        }
    }

    /// The best rendition that the line carries with `margin` to spare and the player can show.
    fn affordable(&self, margin: f64) -> &'static Rendition {
        let [lowest, higher @ ..] = &LADDER;
        let enough_kbps = self.throughput_kbps * margin;
        let fits = |r: &&Rendition| {
            f64::from(r.bitrate_kbps) <= enough_kbps && r.width / 2 < self.profile.player.0
        };
        higher.iter().rev().find(fits).unwrap_or(lowest)
    }
}
