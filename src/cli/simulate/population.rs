//! Who watches what, on which device, over which network: everything about a session that is
//! settled before it begins. The mixes are rounded from public browser and screen statistics.

use super::dice::{Dice, whole};

/// One step of the bitrate ladder.
#[derive(Debug, PartialEq)]
pub(super) struct Rendition {
    pub(super) name: &'static str,
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) bitrate_kbps: i32,
}

/// The ladder all videos are encoded in, lowest first.
pub(super) static LADDER: [Rendition; 5] = [
    rendition("240p", 426, 240, 400),
    rendition("360p", 640, 360, 800),
    rendition("480p", 854, 480, 1400),
    rendition("720p", 1280, 720, 2800),
    rendition("1080p", 1920, 1080, 5000),
];

const fn rendition(name: &'static str, width: i32, height: i32, bitrate_kbps: i32) -> Rendition {
    Rendition {
        name,
        width,
        height,
        bitrate_kbps,
    }
}

/// A browser on a system, and whether it has the Network Information API (Chromium's have).
#[derive(Debug, PartialEq)]
pub(super) struct Browser {
    pub(super) name: &'static str,
    pub(super) os: &'static str,
    pub(super) network_api: bool,
    screens: &'static [(f64, Screen)],
}

/// A screen in CSS px and its device px per CSS px.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Screen {
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) pixel_ratio: f64,
}

const fn screen(width: i32, height: i32, pixel_ratio: f64) -> Screen {
    Screen {
        width,
        height,
        pixel_ratio,
    }
}

static DESKTOPS: [(f64, Screen); 4] = [
    (5.0, screen(1920, 1080, 1.0)),
    (2.0, screen(1536, 864, 1.25)),
    (2.0, screen(1440, 900, 2.0)),
    (1.0, screen(2560, 1440, 1.0)),
];
static PHONES: [(f64, Screen); 3] = [
    (4.0, screen(390, 844, 3.0)),
    (3.0, screen(412, 915, 2.625)),
    (2.0, screen(360, 800, 3.0)),
];

static BROWSERS: [(f64, Browser); 7] = [
    (34.0, browser("Chrome", "Win32", true, &DESKTOPS)),
    (13.0, browser("Chrome", "MacIntel", true, &DESKTOPS)),
    (22.0, browser("Chrome", "Linux armv8l", true, &PHONES)),
    (13.0, browser("Safari", "iPhone", false, &PHONES)),
    (7.0, browser("Safari", "MacIntel", false, &DESKTOPS)),
    (5.0, browser("Firefox", "Win32", false, &DESKTOPS)),
    (6.0, browser("Edge", "Win32", true, &DESKTOPS)),
];

const fn browser(
    name: &'static str,
    os: &'static str,
    network_api: bool,
    screens: &'static [(f64, Screen)],
) -> Browser {
    Browser {
        name,
        os,
        network_api,
        screens,
    }
}

/// A kind of line: what it carries at the median, and how long a round trip takes.
#[derive(Debug, PartialEq)]
pub(super) struct Network {
    pub(super) effective_type: &'static str,
    throughput_kbps: f64,
    pub(super) rtt_ms: i32,
}

static NETWORKS: [(f64, Network); 4] = [
    (60.0, network("4g", 25_000.0, 50)),
    (25.0, network("4g", 6_000.0, 100)),
    (12.0, network("3g", 1_800.0, 300)),
    (3.0, network("2g", 600.0, 1_200)),
];

const fn network(effective_type: &'static str, throughput_kbps: f64, rtt_ms: i32) -> Network {
    Network {
        effective_type,
        throughput_kbps,
        rtt_ms,
    }
}

/// One of the catalogue's videos.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Video {
    pub(super) id: String,
    pub(super) title: String,
    /// `None` for a live stream.
    pub(super) duration_sec: Option<f64>,
    pub(super) frames_per_sec: f64,
}

const TOPICS: [(f64, &str); 5] = [
    (3.0, "Introduction to sailing"),
    (3.0, "The city at night"),
    (2.0, "Bread for beginners"),
    (2.0, "Rust in an hour"),
    (1.0, "Mountain railways"),
];
/// One video in eight is a live stream.
const LIVE_EVERY: u64 = 8;
const CATALOGUE: u64 = 200;

impl Video {
    /// A live stream of the catalogue.
    pub(super) fn live() -> Self {
        Self::numbered(LIVE_EVERY)
    }

    /// Video `number` of the catalogue: always the same one, whatever the seed.
    fn numbered(number: u64) -> Self {
        let mut dice = Dice::new(number, super::dice::Stream::Story, CATALOGUE);
        let topic = dice.pick(&TOPICS).copied().unwrap_or_default();
        let live = number.is_multiple_of(LIVE_EVERY);
        let length_sec = dice.log_normal(480.0, 0.9).clamp(30.0, 9_000.0);
        Self {
            id: format!("video-{number:03}"),
            title: format!(
                "{topic}, part {number}{}",
                if live { " (live)" } else { "" }
            ),
            duration_sec: (!live).then(|| (length_sec * 25.0).round() / 25.0),
            frames_per_sec: if dice.chance(0.8) { 25.0 } else { 50.0 },
        }
    }
}

/// What is settled about a session before it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Profile {
    pub(super) viewer: String,
    pub(super) browser: &'static Browser,
    pub(super) screen: Screen,
    /// The player's size on screen in device px.
    pub(super) player: (i32, i32),
    pub(super) network: &'static Network,
    /// What this viewer's line carries at the start.
    pub(super) throughput_kbps: f64,
    pub(super) video: Video,
    /// How far the client's clock is ahead of the true time.
    pub(super) clock_skew_ms: i64,
    pub(super) muted: bool,
    pub(super) plan: &'static str,
}

impl Profile {
    /// Draws a profile. Viewers come from a pool of 60 for every 100 sessions, so that many return.
    pub(super) fn draw(dice: &mut Dice, sessions: u64) -> Self {
        let viewer = format!("viewer-{}", dice.below(sessions * 3 / 5));
        let browser = choose(dice, &BROWSERS);
        let screen = *choose(dice, browser.screens);
        let network = choose(dice, &NETWORKS);
        // A few videos have most of the views.
        let popular = dice.between(0.0, 1.0).powi(3) * 200.0;
        let number = u64::try_from(whole(popular)).unwrap_or(0);
        Self {
            viewer,
            browser,
            screen,
            player: player_size(dice, screen),
            network,
            throughput_kbps: network.throughput_kbps * dice.log_normal(1.0, 0.4),
            video: Video::numbered(number),
            clock_skew_ms: if dice.chance(0.03) {
                whole(dice.between(-120_000.0, 120_000.0))
            } else {
                0
            },
            muted: dice.chance(0.3),
            plan: if dice.chance(0.2) { "premium" } else { "free" },
        }
    }
}

/// A third watch in full width; the player is always 16:9.
fn player_size(dice: &mut Dice, screen: Screen) -> (i32, i32) {
    let fraction = if dice.chance(0.35) { 1.0 } else { 0.6 };
    let width = f64::from(screen.width) * screen.pixel_ratio * fraction;
    let pixels = |value: f64| i32::try_from(whole(value)).unwrap_or(0);
    (pixels(width), pixels(width * 9.0 / 16.0))
}

/// A weighted choice from a table of a population, none of which is empty.
pub(super) fn choose<T>(dice: &mut Dice, table: &'static [(f64, T)]) -> &'static T {
    match dice.pick(table) {
        Some(choice) => choice,
        None => unreachable!("the tables of a population have entries"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::dice::Stream;
    use super::*;

    #[test]
    fn viewers_return_and_use_more_than_one_kind_of_everything() {
        let draw = |index| Profile::draw(&mut Dice::new(1, Stream::Story, index), 1000);
        let profiles: Vec<Profile> = (0..1000).map(draw).collect();
        let viewers: HashSet<&str> = profiles.iter().map(|p| p.viewer.as_str()).collect();
        assert!((400..600).contains(&viewers.len()), "{}", viewers.len());
        let browsers: HashSet<&str> = profiles.iter().map(|p| p.browser.name).collect();
        assert_eq!(browsers.len(), 4);
        let live = profiles.iter().filter(|p| p.video.duration_sec.is_none());
        let live = live.count();
        assert!((50..300).contains(&live), "{live}");
    }

    #[test]
    fn a_video_is_the_same_for_everybody() {
        assert_eq!(Video::numbered(7), Video::numbered(7));
    }
}
