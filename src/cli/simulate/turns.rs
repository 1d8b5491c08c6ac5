//! How each turn of a story goes.

use super::dice::whole;
use super::moment::Pauser;
use super::player::MICRO_STALL_MS;
use super::population::{LADDER, Rendition};
use super::story::Story;

/// A stall that lasts longer is left by half of the viewers.
const PATIENCE_MS: i64 = 12_000;

impl Story<'_> {
    /// The buffer runs dry; false when the viewer leaves over it.
    pub(super) fn stall(&mut self) -> bool {
        let ms = whole(self.dice.log_normal(1_100.0, 0.9)).clamp(MICRO_STALL_MS + 10, 90_000);
        self.player.stall(false);
        self.player.hiccup("bufferStalledError");
        if ms > PATIENCE_MS && !self.tireless && self.dice.chance(0.5) {
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
    pub(super) fn adapt(&mut self, sigma: f64) {
        let drift = (self.profile.throughput_kbps / self.throughput_kbps).powf(0.3);
        self.throughput_kbps *= drift * self.dice.log_normal(1.0, sigma);
        self.throughput_kbps = self.throughput_kbps.clamp(150.0, 200_000.0);
        self.player.now.throughput_kbps = self.throughput_kbps;
        let rendition = self.affordable(0.8);
        self.player.show(rendition);
    }

    pub(super) fn seek(&mut self) {
        let to_sec = self.target_sec();
        let ms = whole(self.dice.log_normal(450.0, 0.8)).clamp(40, 20_000);
        self.player.seek(to_sec, ms);
    }

    pub(super) fn pause(&mut self) {
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
    pub(super) fn hide(&mut self) {
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
    pub(super) fn fail(&mut self) {
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
    pub(super) fn reach_end(&mut self) -> bool {
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

    pub(super) fn until_end_ms(&self) -> f64 {
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
    pub(super) fn affordable(&self, margin: f64) -> &'static Rendition {
        let [lowest, higher @ ..] = &LADDER;
        let enough_kbps = self.throughput_kbps * margin;
        let fits = |r: &&Rendition| {
            f64::from(r.bitrate_kbps) <= enough_kbps && r.width / 2 < self.profile.player.0
        };
        higher.iter().rev().find(fits).unwrap_or(lowest)
    }
}
