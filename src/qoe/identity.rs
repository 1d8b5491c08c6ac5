//! Who watched what, where: the first known value of each.

use std::borrow::Cow;

use super::texts::Texts;
use super::{Event, SessionStartInfo, SessionSummary};

/// Places in `Identity::texts`.
const VIEWER_ID: usize = 0;
const BROWSER: usize = 1;
const OS: usize = 2;
const PLAYER: usize = 3;
const PLAYER_VERSION: usize = 4;
const VIDEO_ID: usize = 5;
const VIDEO_TITLE: usize = 6;

/// What sessions can be told apart by while they live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "the dimensions are those of the summary, see SessionSummary"
)]
pub enum Dimension {
    ViewerId,
    Browser,
    Os,
    Screen,
    Player,
    PlayerVersion,
    VideoId,
    VideoTitle,
    Live,
}

impl Dimension {
    /// All of them, in the order of the summary's columns.
    pub const ALL: [Self; 9] = [
        Self::ViewerId,
        Self::Browser,
        Self::Os,
        Self::Screen,
        Self::Player,
        Self::PlayerVersion,
        Self::VideoId,
        Self::VideoTitle,
        Self::Live,
    ];

    /// The summary's column.
    #[must_use]
    pub fn column(self) -> &'static str {
        match self {
            Self::ViewerId => "viewer_id",
            Self::Browser => "browser",
            Self::Os => "os",
            Self::Screen => "screen",
            Self::Player => "player",
            Self::PlayerVersion => "player_version",
            Self::VideoId => "video_id",
            Self::VideoTitle => "video_title",
            Self::Live => "live",
        }
    }
}

/// The session's dimensions. They seldom change, so whoever shows them can share them with the fold.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    texts: Texts<7>,
    screen: Option<(i32, i32)>,
    /// Boxed: only our plugin's sessions have it.
    content: Option<Box<Content>>,
}

/// What SESSION_START tells of the content, apart from names.
#[derive(Debug, Clone, Default)]
struct Content {
    duration_sec: Option<f64>,
    live: Option<bool>,
    custom: Option<Box<str>>,
}

impl Identity {
    /// The value of a dimension, if it is known, as text: `true` or `false` of `live`.
    #[must_use]
    pub fn value(&self, dimension: Dimension) -> Option<Cow<'_, str>> {
        let place = match dimension {
            Dimension::ViewerId => VIEWER_ID,
            Dimension::Browser => BROWSER,
            Dimension::Os => OS,
            Dimension::Player => PLAYER,
            Dimension::PlayerVersion => PLAYER_VERSION,
            Dimension::VideoId => VIDEO_ID,
            Dimension::VideoTitle => VIDEO_TITLE,
            Dimension::Screen => return self.screen_text().map(Cow::Owned),
            Dimension::Live => {
                let live = self.content.as_deref()?.live?;
                return Some(Cow::Borrowed(if live { "true" } else { "false" }));
            }
        };
        self.texts.get(place).map(Cow::Borrowed)
    }

    fn screen_text(&self) -> Option<String> {
        self.screen
            .map(|(width, height)| format!("{width}x{height}"))
    }

    /// Whether an event may tell something that is not known yet.
    pub(super) fn learns_from(&self, event: &Event) -> bool {
        let is_new = |place, text: Option<&str>| text.is_some() && self.texts.get(place).is_none();
        is_new(VIEWER_ID, event.viewer_id.as_deref())
            || is_new(BROWSER, event.browser.as_deref())
            || is_new(OS, event.os.as_deref())
            || (self.screen.is_none() && event.screen_width.is_some())
            || event.session_start.is_some()
    }

    pub(super) fn observe(&mut self, event: &Event) {
        self.texts.keep_first(VIEWER_ID, event.viewer_id.as_deref());
        self.texts.keep_first(BROWSER, event.browser.as_deref());
        self.texts.keep_first(OS, event.os.as_deref());
        if self.screen.is_none() {
            self.screen = event.screen_width.zip(event.screen_height);
        }
        if let Some(start) = event.session_start.as_deref() {
            self.observe_start(start);
        }
    }

    /// A second SESSION_START adds only what the first left open.
    fn observe_start(&mut self, start: &SessionStartInfo) {
        self.texts.keep_first(PLAYER, start.player_name.as_deref());
        self.texts
            .keep_first(PLAYER_VERSION, start.player_version.as_deref());
        self.texts.keep_first(VIDEO_ID, start.video_id.as_deref());
        self.texts
            .keep_first(VIDEO_TITLE, start.video_title.as_deref());
        let content = self.content.get_or_insert_default();
        let duration_sec = start.video_duration_sec.filter(|sec| *sec > 0.0);
        content.duration_sec = content.duration_sec.or(duration_sec);
        content.live = content.live.or(start.live);
        if content.custom.is_none() {
            content.custom.clone_from(&start.custom);
        }
    }

    /// The video's length, s; `None` for live.
    pub(super) fn duration_sec(&self) -> Option<f64> {
        let content = self.content.as_deref()?;
        content.duration_sec.filter(|_| content.live != Some(true))
    }

    pub(super) fn write(&self, summary: &mut SessionSummary) {
        let text = |place| self.texts.get(place).map(Into::into);
        summary.viewer_id = text(VIEWER_ID);
        summary.browser = text(BROWSER);
        summary.os = text(OS);
        summary.player = text(PLAYER);
        summary.player_version = text(PLAYER_VERSION);
        summary.video_id = text(VIDEO_ID);
        summary.video_title = text(VIDEO_TITLE);
        summary.screen = self.screen_text().map(Into::into);
        if let Some(content) = self.content.as_deref() {
            summary.video_duration_sec = content.duration_sec;
            summary.live = content.live;
            summary.custom.clone_from(&content.custom);
        }
    }
}
