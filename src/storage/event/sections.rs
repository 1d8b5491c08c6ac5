//! The objects inside an event, key by key, exactly as the wire names them.

use serde::de::{IgnoredAny, MapAccess};

use super::custom::Custom;
use super::loose::{Loose, Section, Tolerant};

/// Declares a section: its fields and the keys they are read from.
macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $($key:literal)|+),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(super) struct $name<'a> {
            $(pub(super) $field: Loose<'a>,)+
        }

        impl<'de> Section<'de> for $name<'de> {
            fn take<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
                match key {
                    $($($key)|+ => self.$field = map.next_value()?,)+
                    _ => {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(())
            }
        }
    };
}

section!(
    /// `quality`, and `previous` of a QUALITY_CHANGE.
    Quality {
        bitrate_kbps: "bitrateKbps",
        width: "width",
        height: "height",
        video_width: "videoWidth",
        video_height: "videoHeight",
        resolution: "resolution",
    }
);
section!(
    /// `buffering`.
    Buffering { started_at: "startedAt", ended_at: "endedAt", duration_ms: "durationMs" }
);
section!(
    /// `network`.
    Network { downlink_mbps: "downlinkMbps", rtt_ms: "rttMs", effective_type: "effectiveType" }
);
section!(
    /// `device`.
    Device { browser: "browser", os: "os", screen_width: "screenWidth", screen_height: "screenHeight" }
);
section!(
    /// `player`.
    Player {
        decoded_frames: "decodedFrames",
        dropped_frames: "droppedFrames",
        fps: "fps",
        buffer_length_sec: "bufferLengthSec",
        width: "width",
        height: "height",
        name: "name",
        version: "version",
    }
);
section!(
    /// `engagement`.
    Engagement {
        total_watch_time: "totalWatchTime",
        total_pause_time: "totalPauseTime",
        interaction_count: "interactionCount",
    }
);
section!(
    /// `error`.
    Failure { kind: "type", details: "details", fatal: "fatal" }
);
section!(
    /// `seek`.
    Seek { from_sec: "fromSec", to_sec: "toSec", duration_ms: "durationMs" }
);
section!(
    /// `totals`.
    CumulativeTotals {
        startup_ms: "startupMs",
        playing_ms: "playingMs",
        rebuffer_ms: "rebufferMs",
        rebuffer_count: "rebufferCount",
        seek_ms: "seekMs",
        paused_ms: "pausedMs",
        ended_ms: "endedMs",
        idle_ms: "idleMs",
    }
);
section!(
    /// `video`.
    Video { id: "id", title: "title", duration_sec: "durationSec", live: "live" }
);

/// The event itself.
#[derive(Debug, Default)]
pub(super) struct Root<'a> {
    pub(super) event_id: Loose<'a>,
    pub(super) viewer_id: Loose<'a>,
    pub(super) session_id: Loose<'a>,
    pub(super) event_type: Loose<'a>,
    pub(super) timestamp: Loose<'a>,
    pub(super) position_sec: Loose<'a>,
    pub(super) seq: Loose<'a>,
    pub(super) state: Loose<'a>,
    pub(super) reason: Loose<'a>,
    pub(super) playback_rate: Loose<'a>,
    pub(super) hidden: Loose<'a>,
    pub(super) quality: Quality<'a>,
    pub(super) buffering: Buffering<'a>,
    pub(super) network: Network<'a>,
    pub(super) device: Device<'a>,
    pub(super) player: Player<'a>,
    pub(super) engagement: Engagement<'a>,
    pub(super) error: Failure<'a>,
    pub(super) seek: Option<Seek<'a>>,
    pub(super) totals: Option<CumulativeTotals<'a>>,
    pub(super) video: Video<'a>,
    pub(super) custom: Custom,
}

impl<'de> Section<'de> for Root<'de> {
    fn take<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "eventId" => self.event_id = map.next_value()?,
            "viewerId" => self.viewer_id = map.next_value()?,
            "sessionId" => self.session_id = map.next_value()?,
            "eventType" => self.event_type = map.next_value()?,
            "timestamp" => self.timestamp = map.next_value()?,
            "playbackPositionSec" => self.position_sec = map.next_value()?,
            "seq" => self.seq = map.next_value()?,
            "state" => self.state = map.next_value()?,
            "reason" => self.reason = map.next_value()?,
            "playbackRate" => self.playback_rate = map.next_value()?,
            "hidden" => self.hidden = map.next_value()?,
            "quality" => self.quality = section(map)?,
            "buffering" => self.buffering = section(map)?,
            "network" => self.network = section(map)?,
            "device" => self.device = section(map)?,
            "player" => self.player = section(map)?,
            "engagement" => self.engagement = section(map)?,
            "error" => self.error = section(map)?,
            "seek" => self.seek = Some(section(map)?),
            "totals" => self.totals = Some(section(map)?),
            "video" => self.video = section(map)?,
            "custom" => self.custom = section(map)?,
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

fn section<'de, S: Section<'de>, A: MapAccess<'de>>(map: &mut A) -> Result<S, A::Error> {
    map.next_value::<Tolerant<S>>().map(|tolerant| tolerant.0)
}
