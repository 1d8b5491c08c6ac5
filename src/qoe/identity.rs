//! Who watched what, where: the first known value of each.

use super::{Event, SessionStartInfo, SessionSummary};

/// The session's dimensions.
#[derive(Debug, Clone, Default)]
pub(super) struct Identity {
    viewer_id: Option<Box<str>>,
    browser: Option<Box<str>>,
    os: Option<Box<str>>,
    screen: Option<(i32, i32)>,
    /// Boxed: only our plugin's sessions have it.
    start: Option<Box<SessionStartInfo>>,
}

impl Identity {
    pub(super) fn observe(&mut self, event: &Event) {
        keep_first(&mut self.viewer_id, event.viewer_id.as_ref());
        keep_first(&mut self.browser, event.browser.as_ref());
        keep_first(&mut self.os, event.os.as_ref());
        if self.screen.is_none() {
            self.screen = event.screen_width.zip(event.screen_height);
        }
        match (self.start.as_deref_mut(), event.session_start.as_deref()) {
            (Some(known), Some(new)) => complete(known, new),
            (None, Some(new)) => self.start = Some(Box::new(new.clone())),
            (_, None) => {}
        }
    }

    /// The video's length, s; `None` for live.
    pub(super) fn duration_sec(&self) -> Option<f64> {
        let start = self.start.as_deref()?;
        let duration_sec = start.video_duration_sec.filter(|sec| *sec > 0.0);
        duration_sec.filter(|_| start.live != Some(true))
    }

    pub(super) fn write(&self, summary: &mut SessionSummary) {
        summary.viewer_id.clone_from(&self.viewer_id);
        summary.browser.clone_from(&self.browser);
        summary.os.clone_from(&self.os);
        summary.screen = self.screen.map(|(w, h)| format!("{w}x{h}").into());
        let Some(start) = self.start.as_deref() else {
            return;
        };
        summary.player.clone_from(&start.player_name);
        summary.player_version.clone_from(&start.player_version);
        summary.video_id.clone_from(&start.video_id);
        summary.video_title.clone_from(&start.video_title);
        summary.video_duration_sec = start.video_duration_sec.filter(|sec| *sec > 0.0);
        summary.live = start.live;
        summary.custom.clone_from(&start.custom);
    }
}

fn keep_first<T: Clone>(known: &mut Option<T>, new: Option<&T>) {
    if known.is_none() {
        *known = new.cloned();
    }
}

/// A second SESSION_START adds only what the first left open.
fn complete(known: &mut SessionStartInfo, new: &SessionStartInfo) {
    keep_first(&mut known.video_id, new.video_id.as_ref());
    keep_first(&mut known.video_title, new.video_title.as_ref());
    keep_first(
        &mut known.video_duration_sec,
        new.video_duration_sec.as_ref(),
    );
    keep_first(&mut known.live, new.live.as_ref());
    keep_first(&mut known.player_name, new.player_name.as_ref());
    keep_first(&mut known.player_version, new.player_version.as_ref());
    keep_first(&mut known.custom, new.custom.as_ref());
}
