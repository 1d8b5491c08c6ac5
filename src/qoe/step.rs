//! One event after another: which part the stretch before it goes to, and what it leads to.
//! The table itself is [`super::state::next`]; this is where the rules find their answers for it.

use super::fold::{End, SessionFold};
use super::loss::Hole;
use super::playhead::{FAR_SEC, Motion, position};
use super::state::{self, Signs, State};
use super::{Event, EventKind, Reason};

/// A wait this soon after a PLAY belongs to the seek made before it, ms (rule 5).
const WAIT_AFTER_PLAY_MS: i64 = 1000;
/// A six-event PAUSE with less than this ahead is the end of the stream, s (rule 6).
const EMPTY_BUFFER_SEC: f64 = 0.1;

impl SessionFold {
    /// Credits the stretch before the event and goes where the event leads.
    pub(super) fn advance(
        &mut self,
        event: &Event,
        hole: Option<Hole>,
        stretch_ms: i64,
        fatal: bool,
    ) {
        match hole {
            None => self.step(event, stretch_ms, fatal),
            Some(Hole { told: None }) => {
                self.step(event, stretch_ms, fatal);
                if event.kind != EventKind::SessionEnd {
                    self.adopt(event, 0, fatal);
                }
            }
            Some(Hole { told: Some(told) }) => self.bridge(event, &told, fatal),
        }
    }

    /// The usual way: credit the stretch to the open state, then go where the event leads.
    fn step(&mut self, event: &Event, stretch_ms: i64, fatal: bool) {
        let at_ms = event.timestamp_ms;
        let stretch_ms = self.finish_seek(event, stretch_ms);
        let motion = self.playhead.motion(event, stretch_ms);
        let was_playing = self.state == State::Playing;
        self.credit(event, motion, stretch_ms);
        self.infer_first_frame(event, stretch_ms);
        let signs = self.signs(event, fatal, was_playing && motion == Motion::Jumped);
        let to = state::next(self.state, event.kind, event.reason, &signs);
        self.keep_in_mind(event, fatal);
        if event.kind == EventKind::BufferEnd && self.state == State::Rebuffering && signs.far {
            self.stall_was_seek();
        }
        let from = self.state;
        self.enter(to, at_ms, event);
        self.locate(event, from, stretch_ms);
        self.remember_wait(event);
    }

    /// Rule 8: an explicit seek that ended within this stretch takes its share; the rest, which is
    /// returned, was played.
    fn finish_seek(&mut self, event: &Event, stretch_ms: i64) -> i64 {
        let Some(until_ms) = self.seeks.open_until() else {
            return stretch_ms;
        };
        // An error at its very end is what ended it: nothing was played in between.
        let cut_short = until_ms == event.timestamp_ms && event.kind == EventKind::PlayerError;
        if until_ms > event.timestamp_ms || cut_short {
            return stretch_ms;
        }
        let to_sec = self.seeks.close(event.timestamp_ms);
        if self.state != State::Seeking {
            return stretch_ms;
        }
        let after_ms = event
            .timestamp_ms
            .saturating_sub(until_ms)
            .clamp(0, stretch_ms);
        let sought_ms = stretch_ms - after_ms;
        self.parts
            .credit(State::Seeking, sought_ms, event.seq.is_some());
        let until_ms = event.timestamp_ms.saturating_sub(after_ms);
        self.state = State::Playing;
        self.waiting = false;
        self.since_ms = until_ms;
        self.playhead.put(to_sec);
        after_ms
    }

    fn credit(&mut self, event: &Event, motion: Motion, stretch_ms: i64) {
        let has_seq = event.seq.is_some();
        if self.state == State::Playing {
            self.playhead.learn(event, motion, stretch_ms);
            self.playhead
                .play(&mut self.parts, motion, stretch_ms, has_seq);
        } else {
            self.parts.credit(self.state, stretch_ms, has_seq);
        }
    }

    /// Rule 3: autoplay has no `waiting`, so no BUFFER_END, but its playhead moves. Our plugin
    /// sends FIRST_FRAME and means what it says (rule 2).
    fn infer_first_frame(&mut self, event: &Event, stretch_ms: i64) {
        let says_so = matches!(event.kind, EventKind::FirstFrame | EventKind::BufferEnd);
        if self.state != State::Starting || event.seq.is_some() || says_so {
            return;
        }
        if let Some(ago_ms) = self.playhead.started_ago_ms(event, stretch_ms) {
            let since_play_ms = event.timestamp_ms.saturating_sub(self.since_ms);
            let ago_ms = ago_ms.clamp(0, self.parts.starting_ms.min(since_play_ms));
            self.parts.start_earlier(ago_ms);
            self.enter(
                State::Playing,
                event.timestamp_ms.saturating_sub(ago_ms),
                event,
            );
            self.waiting = false;
            self.playhead.observe(event);
        }
    }

    fn signs(&self, event: &Event, fatal: bool, jumped: bool) -> Signs {
        let six = event.seq.is_none();
        let at_ms = event.timestamp_ms;
        let here_sec = position(event).or(self.playhead.seen_sec());
        Signs {
            fatal,
            started: self.started,
            jumped: six && jumped,
            moved_before_play: six
                && self
                    .moved_until_ms
                    .get()
                    .is_some_and(|until| at_ms <= until),
            far: six && apart(self.held_sec.get(), here_sec),
            at_stream_end: six
                && event
                    .buffer_length_sec
                    .is_some_and(|sec| sec < EMPTY_BUFFER_SEC),
            doomed: self.errors.doomed(self.parts.playing_ms),
            waiting: self.waiting,
            wait_is_seek: self.wait_is_seek,
            seek_open: self.seeks.is_open_at(at_ms),
        }
    }

    /// What an event says for later, whatever state it leads to.
    pub(super) fn keep_in_mind(&mut self, event: &Event, fatal: bool) {
        let at_ms = event.timestamp_ms;
        match event.kind {
            EventKind::Play => {
                self.intent = true;
                let held = matches!(self.state, State::Paused | State::Ended);
                let here_sec = position(event).or(self.playhead.seen_sec());
                self.moved_until_ms = (held && apart(self.held_sec.get(), here_sec))
                    .then(|| at_ms.saturating_add(WAIT_AFTER_PLAY_MS))
                    .into();
            }
            EventKind::Seek if self.started && !over(self.state) => {
                let seek = event.seek.as_deref().copied().unwrap_or_default();
                self.seeks.begin(at_ms);
                self.seeks.open(at_ms, seek.duration_ms, seek.to_sec);
            }
            EventKind::SessionEnd => self.end = Some(self.end_reason(event.reason)),
            EventKind::PlayerError if fatal => {
                self.errors.fail(self.started, self.parts.playing_ms);
                if self.state == State::Playing {
                    let ahead_sec = event.buffer_length_sec;
                    self.errors.doom(self.parts.playing_ms, ahead_sec);
                }
            }
            _ => {}
        }
    }

    /// What ended the session: the stream's end or a failure before the page's farewell, if there
    /// was one.
    fn end_reason(&self, reason: Option<Reason>) -> End {
        if let Some(end) = self.end {
            return end;
        }
        match (self.state, reason) {
            (State::Ended, _) => End::Ended,
            (State::Failed, _) => End::Error,
            (_, Some(Reason::PageClose)) => End::PageClose,
            (_, Some(Reason::SourceChange)) => End::SourceChange,
            _ => End::Destroy,
        }
    }

    fn stall_was_seek(&mut self) {
        self.parts.stall_was_seek();
        self.seeks.begin(self.since_ms);
        self.seeks.end(self.clock.last_ms());
    }

    /// Leaves one state for another; nothing happens if it is the same.
    pub(super) fn enter(&mut self, to: State, at_ms: i64, event: &Event) {
        let from = self.state;
        if from == to {
            return;
        }
        match from {
            State::Rebuffering if self.parts.stall_ms > 0 || self.parts.stall_counted => {
                self.parts.close_stall();
            }
            State::Seeking => {
                self.seeks.end(at_ms);
                if to == State::Playing {
                    self.seeks.close(at_ms);
                }
            }
            _ => {}
        }
        self.state = to;
        self.since_ms = at_ms;
        match to {
            State::Playing => self.begin_playing(from),
            State::Seeking if event.kind != EventKind::Seek && !self.resumes_seek(event) => {
                self.seeks.begin(at_ms);
            }
            State::Paused => self.pause_count = self.pause_count.saturating_add(1),
            State::Failed => self.begin_failed(event),
            _ => {}
        }
        if self.end.is_some() && to != State::Closed {
            // Back from the back/forward cache: the farewell no longer counts.
            self.end = None;
        }
        self.playhead.begin_run();
    }

    /// A pause within a seek ends: it is still the same seek.
    fn resumes_seek(&self, event: &Event) -> bool {
        event.kind == EventKind::Play
            && (self.seeks.is_open_at(event.timestamp_ms) || self.wait_is_seek)
    }

    pub(super) fn begin_playing(&mut self, from: State) {
        if !self.started {
            self.started = true;
            self.startup_seen = self.intent && from != State::Idle;
        }
        self.undoom_after(from);
    }

    /// What plays again after it was over has outlived its fatal error (rule 9).
    pub(super) fn undoom_after(&mut self, from: State) {
        if matches!(from, State::Failed | State::Closed | State::Ended) {
            self.errors.undoom();
        }
    }

    /// Rule 9: what was buffered has run out.
    fn begin_failed(&mut self, event: &Event) {
        if event.kind == EventKind::BufferStart {
            self.errors.fail(self.started, self.parts.playing_ms);
            self.errors.undoom();
        }
    }

    /// Where the playhead is after the event.
    fn locate(&mut self, event: &Event, from: State, stretch_ms: i64) {
        use State::{Playing, Seeking, Starting};
        let entered = from != self.state;
        let moving = matches!(from, Playing | Seeking | Starting);
        if self.state == Starting && !entered {
            self.playhead.wait(event, stretch_ms);
        } else if moving && entered && position(event).is_none() {
            self.playhead.forget();
        } else {
            self.playhead.observe(event);
        }
        if entered {
            self.held_sec = self.playhead.seen_sec().into();
        }
    }

    pub(super) fn remember_wait(&mut self, event: &Event) {
        match event.kind {
            EventKind::BufferStart => {
                self.waiting = true;
                self.wait_is_seek = self.state == State::Seeking;
            }
            EventKind::BufferEnd | EventKind::FirstFrame => self.waiting = false,
            _ => {}
        }
        // What is over waits for nothing.
        self.waiting &= !matches!(self.state, State::Ended | State::Failed | State::Closed);
        self.wait_is_seek &= self.waiting;
    }
}

/// The playhead is not where it was.
fn apart(from_sec: Option<f64>, to_sec: Option<f64>) -> bool {
    from_sec
        .zip(to_sec)
        .is_some_and(|(from, to)| (to - from).abs() > FAR_SEC)
}

/// Nothing is left to seek in.
fn over(state: State) -> bool {
    matches!(state, State::Failed | State::Closed)
}
