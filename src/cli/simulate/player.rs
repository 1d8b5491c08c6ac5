//! A player over a simulated playhead: the truth that both clients report on.
//!
//! It knows nothing of telemetry. It moves through the states of a media element, credits every
//! millisecond to exactly one part, moves the playhead only while playing, and notes each moment
//! that a client could notice together with all it could read off the player then. Times are ms
//! since the source was loaded; positions are seconds of media time.

use super::dice::{real, whole};
use super::moment::{Moment, Pauser, Snapshot, State, Totals, Wait, What};
use super::population::{Rendition, Video};

/// Stalls below this are playing time with a hiccup, as metrics.md has it.
pub(super) const MICRO_STALL_MS: i64 = 250;
/// Our plugin's sign of life, while not paused.
const HEARTBEAT_MS: i64 = 10_000;
/// What a player tries to keep buffered ahead.
const BUFFER_GOAL_SEC: f64 = 30.0;

/// The player.
#[derive(Debug)]
pub(super) struct Player {
    pub(super) now: Snapshot,
    pub(super) moments: Vec<Moment>,
    frames_per_sec: f64,
    end_sec: f64,
    frames: f64,
    drop_share: f64,
    wait_began_ms: i64,
    stall_is_micro: bool,
    heartbeat_due_ms: i64,
}

impl Player {
    /// A player that has just loaded `video` and stands at `position_sec`.
    pub(super) fn load(
        video: &Video,
        position_sec: f64,
        throughput_kbps: f64,
        drop_share: f64,
    ) -> Self {
        let now = Snapshot {
            at_ms: 0,
            state: State::Idle,
            position_sec,
            rate: 1.0,
            totals: Totals::default(),
            rendition: None,
            buffer_sec: 0.0,
            decoded_frames: 0,
            dropped_frames: 0,
            throughput_kbps,
            interactions: 0,
        };
        let mut player = Self {
            now,
            moments: Vec::with_capacity(32),
            frames_per_sec: video.frames_per_sec,
            end_sec: video.duration_sec.unwrap_or(f64::INFINITY),
            frames: 0.0,
            drop_share,
            wait_began_ms: 0,
            stall_is_micro: false,
            heartbeat_due_ms: 0,
        };
        player.note(What::Load);
        player
    }

    /// Lets `ms` pass in the present state, with the heartbeats that fall into it.
    pub(super) fn pass(&mut self, ms: i64) {
        let end_ms = self.now.at_ms + ms.max(0);
        while self.beats() && self.heartbeat_due_ms < end_ms {
            let due_ms = self.heartbeat_due_ms.max(self.now.at_ms);
            self.elapse(due_ms - self.now.at_ms);
            self.note(What::Heartbeat);
            self.heartbeat_due_ms = due_ms + HEARTBEAT_MS;
        }
        self.elapse(end_ms - self.now.at_ms);
    }

    /// Play intent before the first frame.
    pub(super) fn start(&mut self) {
        self.now.interactions += 1;
        self.now.state = State::Starting;
        self.note(What::Play("initial"));
        self.heartbeat_due_ms = self.now.at_ms + HEARTBEAT_MS;
        self.wait(Wait::Startup);
    }

    /// The first frame is on screen, in `rendition`.
    pub(super) fn first_frame(&mut self, rendition: &'static Rendition) {
        self.now.buffer_sec = 2.0;
        self.go_on(Wait::Startup);
        self.show(rendition);
    }

    /// The buffer runs dry. A stall of under 250 ms is a micro stall: nothing else may happen in it.
    pub(super) fn stall(&mut self, micro: bool) {
        self.now.state = State::Rebuffering;
        self.now.buffer_sec = 0.05;
        self.stall_is_micro = micro;
        self.wait(Wait::Stall);
        if !micro {
            self.now.totals.rebuffer_count += 1;
        }
        // A heartbeat waits until it is clear what kind of stall this is.
        self.heartbeat_due_ms = self.heartbeat_due_ms.max(self.now.at_ms + MICRO_STALL_MS);
    }

    /// The stall is over.
    pub(super) fn resume_from_stall(&mut self) {
        self.now.buffer_sec = 2.0;
        self.go_on(Wait::Stall);
    }

    /// Something named `by` takes over from a stall, if there is one.
    pub(super) fn cut_stall(&mut self, by: &'static str, next: State) {
        if self.now.state == State::Rebuffering {
            self.now.state = next;
            let since_ms = self.wait_began_ms;
            self.note(What::StallCut { since_ms, by });
        }
    }

    /// Jumps to `to_sec` and waits there for `wait_ms`, then plays on.
    pub(super) fn seek(&mut self, to_sec: f64, wait_ms: i64) {
        self.cut_stall("seek", State::Seeking);
        self.now.interactions += 1;
        self.now.state = State::Seeking;
        self.jump(to_sec, self.now.at_ms + wait_ms);
        self.wait(Wait::Seek);
        self.pass(wait_ms);
        self.now.buffer_sec = 2.0;
        self.go_on(Wait::Seek);
    }

    /// While paused: jumps to `to_sec` now, resumes after `paused_ms`, and waits `wait_ms` then.
    pub(super) fn scrub(&mut self, to_sec: f64, paused_ms: i64, wait_ms: i64) {
        self.now.interactions += 1;
        self.jump(to_sec, self.now.at_ms + paused_ms + wait_ms);
        self.pass(paused_ms);
        self.press_play("resume", State::Seeking);
        self.wait(Wait::Seek);
        self.pass(wait_ms);
        self.now.buffer_sec = 2.0;
        self.go_on(Wait::Seek);
    }

    /// Pauses; a stall ends here.
    pub(super) fn pause(&mut self, pauser: Pauser) {
        self.cut_stall("pause", State::Paused);
        if pauser == Pauser::User {
            self.now.interactions += 1;
        }
        self.now.state = State::Paused;
        self.note(What::Pause(pauser));
    }

    /// Plays on at once, after a pause or from the end.
    pub(super) fn resume(&mut self) {
        if self.now.state == State::Ended {
            self.now.position_sec = 0.0;
            self.now.buffer_sec = 5.0;
            self.press_play("replay", State::Playing);
        } else {
            self.press_play("resume", State::Playing);
        }
    }

    /// Reaches the end of the stream at `duration_sec`.
    pub(super) fn end(&mut self, duration_sec: f64) {
        self.now.position_sec = duration_sec;
        self.now.buffer_sec = 0.0;
        self.note(What::Pause(Pauser::End));
        self.now.state = State::Ended;
        self.note(What::Ended);
    }

    /// An error that playback survives.
    pub(super) fn hiccup(&mut self, details: &'static str) {
        let fatal = false;
        self.note(What::Error { details, fatal });
    }

    /// A fatal error. What is buffered still plays; without a buffer this is the end.
    pub(super) fn fail(&mut self, details: &'static str) {
        self.cut_stall("error", State::Ended);
        if self.now.state != State::Playing {
            self.now.state = State::Ended;
        }
        let fatal = true;
        self.note(What::Error { details, fatal });
    }

    /// The buffer is used up after a fatal error.
    pub(super) fn run_dry(&mut self) {
        self.now.buffer_sec = 0.05;
        self.now.state = State::Ended;
        self.note(What::Waiting(Wait::Failure));
    }

    /// Another rendition comes on screen.
    pub(super) fn show(&mut self, rendition: &'static Rendition) {
        let previous = self.now.rendition.replace(rendition);
        if previous != Some(rendition) {
            self.note(What::Shown { previous });
        }
    }

    /// Changes the playback rate.
    pub(super) fn set_rate(&mut self, rate: f64) {
        self.now.interactions += 1;
        self.now.rate = rate;
        self.note(What::RateChange);
    }

    /// The page is hidden, or seen again; hiding sends a heartbeat.
    pub(super) fn set_hidden(&mut self, hidden: bool) {
        self.note(What::Visibility { hidden });
        if hidden {
            self.note(What::Heartbeat);
        }
    }

    /// The session ends in good order.
    pub(super) fn close(&mut self, reason: &'static str) {
        self.cut_stall("session_end", State::Rebuffering);
        self.note(What::Close(reason));
    }

    fn press_play(&mut self, reason: &'static str, next: State) {
        self.now.interactions += 1;
        self.now.state = next;
        self.note(What::Play(reason));
        self.heartbeat_due_ms = self.now.at_ms + HEARTBEAT_MS;
    }

    fn wait(&mut self, wait: Wait) {
        self.wait_began_ms = self.now.at_ms;
        self.note(What::Waiting(wait));
    }

    fn go_on(&mut self, wait: Wait) {
        self.now.state = State::Playing;
        let since_ms = self.wait_began_ms;
        self.note(What::Playing { wait, since_ms });
    }

    fn jump(&mut self, to_sec: f64, until_ms: i64) {
        let from_sec = self.now.position_sec;
        self.note(What::Seeking {
            from_sec,
            to_sec,
            until_ms,
        });
        self.now.position_sec = to_sec;
        self.now.buffer_sec = 0.0;
    }

    fn beats(&self) -> bool {
        let silent = matches!(self.now.state, State::Idle | State::Paused | State::Ended);
        let micro = self.now.state == State::Rebuffering && self.stall_is_micro;
        !silent && !micro
    }

    fn elapse(&mut self, ms: i64) {
        self.now.at_ms += ms;
        let totals = &mut self.now.totals;
        *match self.now.state {
            State::Idle => &mut totals.idle_ms,
            State::Starting => &mut totals.startup_ms,
            State::Rebuffering if !self.stall_is_micro => &mut totals.rebuffer_ms,
            State::Playing | State::Rebuffering => &mut totals.playing_ms,
            State::Seeking => &mut totals.seek_ms,
            State::Paused => &mut totals.paused_ms,
            State::Ended => &mut totals.ended_ms,
        } += ms;
        if self.now.state == State::Playing {
            self.advance_playhead(real(ms) / 1000.0);
        }
    }

    fn advance_playhead(&mut self, wall_sec: f64) {
        let media_sec = wall_sec * self.now.rate;
        self.now.position_sec += media_sec;
        self.frames += media_sec * self.frames_per_sec;
        // The decoded count includes the dropped ones.
        self.now.decoded_frames = whole(self.frames);
        self.now.dropped_frames = whole((self.frames * self.drop_share).floor());
        let left_sec = (self.end_sec - self.now.position_sec).max(0.0);
        let filled_sec = self.now.buffer_sec + media_sec;
        self.now.buffer_sec = filled_sec.min(BUFFER_GOAL_SEC).min(left_sec);
    }

    fn note(&mut self, what: What) {
        let seen = self.now;
        self.moments.push(Moment { what, seen });
    }
}
