//! A playback event, as far as the fold needs it. Everything is already checked and bounded by the
//! parser that made it: missing or unusable is `None`, never a stand-in value.

/// What happened. The first six are the original client's, the others come from our plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// The media element's `play`.
    Play,
    /// The media element's `pause`.
    Pause,
    /// Playback waits for data.
    BufferStart,
    /// The wait is over.
    BufferEnd,
    /// The rendition changed.
    QualityChange,
    /// The player reported an error, fatal or not.
    PlayerError,
    /// A new source is loaded.
    SessionStart,
    /// The first frame is shown.
    FirstFrame,
    /// A seek, stamped when it began, sent when it was over.
    Seek,
    /// A sign of life with the cumulative totals.
    Heartbeat,
    /// The page was hidden or shown.
    Visibility,
    /// The playback rate changed.
    RateChange,
    /// The end of the stream was reached.
    Ended,
    /// The plugin will send no more for this session.
    SessionEnd,
    /// A type this version does not know: it is stored and only shows life.
    Unknown,
}

/// The state our plugin says the session is in after the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlayerState {
    /// Between play intent and first frame.
    Starting,
    /// The playhead advances.
    Playing,
    /// Stalled after the first frame.
    Rebuffering,
    /// From a seek until playing again.
    Seeking,
    /// Paused after the first frame.
    Paused,
    /// The stream has ended, or failed for good.
    Ended,
    /// No play intent.
    Idle,
}

/// The `reason` an event carries. Which ones make sense depends on its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// PLAY: the first one of the session.
    Initial,
    /// PLAY: after a pause.
    Resume,
    /// PLAY: after the end.
    Replay,
    /// BUFFER_END: playback goes on.
    Resumed,
    /// BUFFER_END: a seek took over.
    Seek,
    /// BUFFER_END: a pause took over.
    Pause,
    /// BUFFER_END: a fatal error took over.
    Error,
    /// BUFFER_END: the stream ended.
    Ended,
    /// BUFFER_END: the playhead was seen to move.
    Progress,
    /// BUFFER_END: the session ended.
    SessionEnd,
    /// PAUSE: by the viewer.
    User,
    /// PAUSE: by the browser, for a hidden page.
    Background,
    /// SESSION_END: another source was loaded.
    SourceChange,
    /// SESSION_END: the player was destroyed.
    Destroy,
    /// SESSION_END: the page was closed or put into the back/forward cache.
    PageClose,
    /// Any other text.
    Other,
}

impl Reason {
    /// As it is sent; `None` for a text that is none of these.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::Initial => "initial",
            Self::Resume => "resume",
            Self::Replay => "replay",
            Self::Resumed => "resumed",
            Self::Seek => "seek",
            Self::Pause => "pause",
            Self::Error => "error",
            Self::Ended => "ended",
            Self::Progress => "progress",
            Self::SessionEnd => "session_end",
            Self::User => "user",
            Self::Background => "background",
            Self::SourceChange => "source_change",
            Self::Destroy => "destroy",
            Self::PageClose => "page_close",
            Self::Other => return None,
        })
    }
}

/// Our plugin's cumulative counters at the time of the event (wire names in camel case).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Time in STARTING, ms.
    pub startup_ms: Option<i64>,
    /// Time in PLAYING, ms.
    pub playing_ms: Option<i64>,
    /// Time in REBUFFERING, ms.
    pub rebuffer_ms: Option<i64>,
    /// Stalls so far.
    pub rebuffer_count: Option<i64>,
    /// Time in SEEKING, ms.
    pub seek_ms: Option<i64>,
    /// Time in PAUSED, ms.
    pub paused_ms: Option<i64>,
    /// Time in ENDED, ms.
    pub ended_ms: Option<i64>,
    /// Time in IDLE, ms.
    pub idle_ms: Option<i64>,
}

/// `seek` of a SEEK event.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SeekInfo {
    /// Where the playhead was, s.
    pub from_sec: Option<f64>,
    /// Where it went, s.
    pub to_sec: Option<f64>,
    /// From the seek until playing again, ms.
    pub duration_ms: Option<i64>,
}

/// `error` of a PLAYER_ERROR event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErrorInfo {
    /// The player's class of error.
    pub kind: Option<Box<str>>,
    /// The player's name of the error, e.g. `fragLoadError` or `MEDIA_ERR_ABORTED`.
    pub details: Option<Box<str>>,
    /// Playback cannot go on. Absent on the wire means false.
    pub fatal: bool,
}

/// What SESSION_START tells of the video, the player and the site's own dimensions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SessionStartInfo {
    /// The site's id of the video.
    pub video_id: Option<Box<str>>,
    /// Its title.
    pub video_title: Option<Box<str>>,
    /// Its length, s; `None` for live.
    pub video_duration_sec: Option<f64>,
    /// It is a live stream.
    pub live: Option<bool>,
    /// The player's name.
    pub player_name: Option<Box<str>>,
    /// The player's version.
    pub player_version: Option<Box<str>>,
    /// The site's own dimensions: the text of a JSON object in canonical form, opaque to the fold.
    pub custom: Option<Box<str>>,
}

/// One playback event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The client's clock, epoch ms.
    pub timestamp_ms: i64,
    /// The client's sequence number. `Some` tells that the event is our plugin's (metrics rule 2).
    pub seq: Option<i64>,
    /// Unique within the session, the same on every retry.
    pub event_id: Box<str>,
    /// The server's clock when it received the event, epoch ms.
    pub created_at_ms: i64,
    /// The client's clock when it sent the batch, epoch ms.
    pub sent_at_ms: Option<i64>,
    /// What happened.
    pub kind: EventKind,
    /// The `reason` the event carries.
    pub reason: Option<Reason>,
    /// The state our plugin says it is in.
    pub state: Option<PlayerState>,
    /// Our plugin's cumulative counters.
    pub totals: Option<Box<Totals>>,
    /// The playhead, s of media time.
    pub position_sec: Option<f64>,
    /// `playbackRate`; sent with RATE_CHANGE, welcome on any event.
    pub playback_rate: Option<f64>,
    /// The rendition's bitrate, kbps.
    pub bitrate_kbps: Option<i32>,
    /// The rendition's width, px.
    pub video_width: Option<i32>,
    /// The rendition's height, px.
    pub video_height: Option<i32>,
    /// The player's width on screen, device px.
    pub player_width: Option<i32>,
    /// The player's height on screen, device px.
    pub player_height: Option<i32>,
    /// `buffering.startedAt`, client epoch ms.
    pub buffer_start_ms: Option<i64>,
    /// `player.bufferLengthSec`: media buffered ahead of the playhead, s.
    pub buffer_length_sec: Option<f64>,
    /// Cumulative dropped frames.
    pub dropped_frames: Option<i64>,
    /// Cumulative frames, dropped ones included.
    pub decoded_frames: Option<i64>,
    /// Frames per second.
    pub fps: Option<f64>,
    /// Network Information API, Mbit/s.
    pub downlink_mbps: Option<f64>,
    /// Network Information API, ms.
    pub rtt_ms: Option<i32>,
    /// `engagement.totalWatchTime` as the client counts it, ms.
    pub total_watch_time_ms: Option<i64>,
    /// `engagement.totalPauseTime` as the client counts it, ms.
    pub total_pause_time_ms: Option<i64>,
    /// `engagement.interactionCount` as the client counts it.
    pub interaction_count: Option<i64>,
    /// Of a SEEK.
    pub seek: Option<Box<SeekInfo>>,
    /// Of a PLAYER_ERROR.
    pub error: Option<Box<ErrorInfo>>,
    /// Of a VISIBILITY: the page is hidden.
    pub hidden: Option<bool>,
    /// Of a SESSION_START.
    pub session_start: Option<Box<SessionStartInfo>>,
    /// Who watches.
    pub viewer_id: Option<Box<str>>,
    /// The browser's name.
    pub browser: Option<Box<str>>,
    /// The operating system's name.
    pub os: Option<Box<str>>,
    /// Screen width, px.
    pub screen_width: Option<i32>,
    /// Screen height, px.
    pub screen_height: Option<i32>,
}
