//! One session, told by one client, and its events as JSON. Everything about it follows from the
//! seed, its index and the start time: nothing is kept between sessions.

use std::ops::Range;

use uuid::Uuid;

use super::audience::Audience;
use super::clients::{self, Draft};
use super::dice::{Dice, Stream, real, whole};
use super::moment::{Moment, Snapshot, State, Wait, What};
use super::population::{Profile, Video};
use super::schedule::Schedule;
use super::story;
use super::wire::{
    Buffering, Custom, Device, ErrorDetail, Extra, Network, Ours, Page, PlayerInfo, Quality, Seek,
    VideoInfo, WireEvent, thousandths,
};

/// What a population is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipe {
    pub(super) seed: u64,
    pub(super) sessions: u64,
    pub(super) original_share: f64,
    pub(super) mean_minutes: f64,
    /// Every client's clock is wrong by up to this much.
    pub(super) clock_skew_ms: Option<i64>,
    pub(super) events_per_session: Option<usize>,
    pub(super) schedule: Schedule,
    /// Session 0 never tires and has exactly this many events.
    pub(super) marathon: Option<usize>,
}

/// A session, ready to be sent.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: String,
    /// Speaks the original six-event format.
    pub(super) original: bool,
    profile: Profile,
    audience: Audience,
    page: String,
    /// The client's clock at the load, epoch ms.
    loaded_at_ms: i64,
    moments: Vec<Moment>,
    drafts: Vec<(Uuid, Draft)>,
}

impl Session {
    /// Session `index` of the population.
    pub(super) fn new(recipe: &Recipe, index: u64) -> Self {
        let mut dice = Dice::new(recipe.seed, Stream::Story, index);
        let marathon = recipe.marathon.filter(|_| index == 0);
        let original = dice.chance(recipe.original_share) && marathon.is_none();
        let audience = Audience::draw(recipe.seed, index);
        let mut profile = Profile::draw(&mut dice, recipe.sessions);
        profile.throughput_kbps *= audience.country.speed;
        if let Some(most_ms) = recipe.clock_skew_ms {
            let mut dice = Dice::new(recipe.seed, Stream::Clock, index);
            profile.clock_skew_ms = whole(dice.between(-real(most_ms), real(most_ms)));
        }
        let enough = marathon.or(recipe.events_per_session);
        let moments = if let Some(events) = marathon {
            profile.video = Video::live();
            story::tell_marathon(&mut dice, &profile, events)
        } else {
            story::tell(&mut dice, &profile, recipe.mean_minutes, enough)
        };
        let client = if original {
            clients::original
        } else {
            clients::plugin
        };
        let mut drafts = client(&moments);
        drafts.truncate(enough.unwrap_or(usize::MAX));
        let length_ms = drafts.last().map_or(0, |last| last.emit_ms);
        let started_at_ms = recipe.schedule.started_at_ms(index, length_ms);
        let seed = recipe.seed ^ started_at_ms.unsigned_abs().rotate_left(32);
        let mut ids = Dice::new(seed, Stream::Ids, index);
        let loaded_at_ms = started_at_ms + profile.clock_skew_ms;
        let id = if original {
            format!("{}-{loaded_at_ms}", ids.uuid())
        } else {
            ids.uuid().to_string()
        };
        Self {
            id,
            original,
            page: format!("/watch/{}", profile.video.id),
            profile,
            audience,
            loaded_at_ms,
            moments,
            drafts: drafts.into_iter().map(|d| (ids.uuid(), d)).collect(),
        }
    }

    /// How many events it sends.
    pub(super) fn len(&self) -> usize {
        self.drafts.len()
    }

    /// When event `index` is sent, ms since the load.
    pub(super) fn emit_ms(&self, index: usize) -> i64 {
        self.drafts.get(index).map_or(0, |(_, draft)| draft.emit_ms)
    }

    /// The client's clock `emit_ms` after the load, epoch ms.
    pub(super) fn clock_ms(&self, emit_ms: i64) -> i64 {
        self.loaded_at_ms + emit_ms
    }

    /// The true time `emit_ms` after the load, epoch ms.
    pub(super) fn true_ms(&self, emit_ms: i64) -> i64 {
        self.clock_ms(emit_ms) - self.profile.clock_skew_ms
    }

    /// The events of `range` as they go over the wire, with their seq.
    pub(super) fn events(&self, range: Range<usize>) -> impl Iterator<Item = WireEvent<'_>> {
        let first = range.start;
        let drafts = self.drafts.get(range).unwrap_or_default();
        drafts
            .iter()
            .enumerate()
            .filter_map(move |(offset, (id, draft))| {
                let moment = self.moments.get(draft.moment)?;
                Some(self.event(first + offset, *id, draft, moment))
            })
    }

    fn event(&self, seq: usize, id: Uuid, draft: &Draft, moment: &Moment) -> WireEvent<'_> {
        let seen = &moment.seen;
        WireEvent {
            event_id: id,
            viewer_id: &self.profile.viewer,
            session_id: &self.id,
            event_type: draft.kind,
            timestamp: self.clock_ms(seen.at_ms),
            ours: (!self.original).then(|| Ours {
                seq,
                state: seen.state,
                totals: seen.totals,
                reason: draft.reason,
                extra: self.extra(moment),
            }),
            playback_position_sec: thousandths(seen.position_sec),
            quality: Quality::from(seen.rendition),
            buffering: draft.buffering.map(|wait| Buffering {
                started_at: self.clock_ms(wait.started_at),
                ended_at: wait.ended_at.map(|at_ms| self.clock_ms(at_ms)),
                ..wait
            }),
            error: error(moment.what),
            network: self.network(seen),
            device: self.device(),
            player: self.player(moment),
            engagement: draft.engagement,
            retry_count: self.original.then_some(0),
        }
    }

    fn introduction(&self) -> Extra<'_> {
        let video = &self.profile.video;
        Extra::Start {
            video: VideoInfo {
                id: &video.id,
                title: &video.title,
                duration_sec: video.duration_sec,
                live: video.duration_sec.is_none(),
            },
            page: Page {
                path: &self.page,
                referrer: "https://news.example/",
            },
            custom: Custom {
                plan: self.profile.plan,
                country: self.audience.country.code,
                source: "simulate",
            },
        }
    }

    fn extra(&self, moment: &Moment) -> Extra<'_> {
        match moment.what {
            What::Load => self.introduction(),
            What::Playing {
                since_ms,
                wait: Wait::Startup,
            } => Extra::FirstFrame {
                startup_time_ms: moment.seen.at_ms - since_ms,
                load_to_frame_ms: moment.seen.at_ms,
            },
            What::Seeking {
                from_sec,
                to_sec,
                until_ms,
            } => Extra::Seek {
                seek: Seek {
                    from_sec: thousandths(from_sec),
                    to_sec: thousandths(to_sec),
                    duration_ms: until_ms - moment.seen.at_ms,
                },
            },
            What::Shown { previous } => Extra::Quality {
                previous: previous.map(|shown| Quality::from(Some(shown))),
            },
            What::Visibility { hidden } => Extra::Visibility { hidden },
            What::RateChange => Extra::Rate {
                playback_rate: moment.seen.rate,
            },
            _ => Extra::None {},
        }
    }

    fn network(&self, seen: &Snapshot) -> Network {
        if !self.profile.browser.network_api {
            return Network::default();
        }
        // The API tells no more than 10 Mbit/s, in steps of 50 kbit/s.
        let mbps = (seen.throughput_kbps / 50.0).round() / 20.0;
        Network {
            downlink_mbps: Some(mbps.min(10.0)),
            rtt_ms: Some(self.profile.network.rtt_ms),
            effective_type: Some(self.profile.network.effective_type),
        }
    }

    fn device(&self) -> Device {
        Device {
            browser: self.profile.browser.name,
            os: self.profile.browser.os,
            screen_width: self.profile.screen.width,
            screen_height: self.profile.screen.height,
        }
    }

    fn player(&self, moment: &Moment) -> PlayerInfo {
        let seen = &moment.seen;
        let plays = seen.state == State::Playing;
        let fps = if plays {
            whole(self.profile.video.frames_per_sec * seen.rate)
        } else {
            0
        };
        let (width, height) = self.profile.player;
        let introduces = !self.original && moment.what == What::Load;
        PlayerInfo {
            decoded_frames: seen.decoded_frames,
            dropped_frames: seen.dropped_frames,
            fps: real(fps),
            buffer_length_sec: thousandths(seen.buffer_sec),
            width: (!self.original).then_some(width),
            height: (!self.original).then_some(height),
            name: introduces.then_some(self.audience.player.name),
            version: introduces.then_some(self.audience.player.version),
        }
    }
}

fn error(what: What) -> Option<ErrorDetail> {
    match what {
        What::Error { details, fatal } => Some(ErrorDetail {
            r#type: match details {
                "bufferStalledError" | "bufferAppendError" => "mediaError",
                _ => "networkError",
            },
            details,
            fatal,
        }),
        _ => None,
    }
}
