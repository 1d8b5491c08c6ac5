//! Where a viewer is and what plays the video. Drawn apart from the story, so that a seed goes on
//! telling the stories it told before there were countries.

use super::dice::{Dice, Stream};
use super::population::choose;

/// A country, and what its lines carry beside those of the first in the table.
#[derive(Debug, PartialEq)]
pub(super) struct Country {
    pub(super) code: &'static str,
    pub(super) speed: f64,
}

/// The software that plays the video.
#[derive(Debug, PartialEq)]
pub(super) struct PlayerKind {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
}

static COUNTRIES: [(f64, Country); 8] = [
    (30.0, country("DE", 1.0)),
    (18.0, country("US", 1.1)),
    (12.0, country("FR", 1.0)),
    (12.0, country("GB", 1.0)),
    (10.0, country("BR", 0.6)),
    (9.0, country("IN", 0.5)),
    (5.0, country("JP", 1.3)),
    (4.0, country("NG", 0.3)),
];

const fn country(code: &'static str, speed: f64) -> Country {
    Country { code, speed }
}

static PLAYERS: [(f64, PlayerKind); 4] = [
    (55.0, player("hls.js", "1.7.4")),
    (20.0, player("hls.js", "1.6.13")),
    (15.0, player("shaka-player", "4.16.5")),
    (10.0, player("dash.js", "5.0.3")),
];

const fn player(name: &'static str, version: &'static str) -> PlayerKind {
    PlayerKind { name, version }
}

/// What is settled about a session beside its story.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Audience {
    pub(super) country: &'static Country,
    pub(super) player: &'static PlayerKind,
}

impl Audience {
    /// Draws that of session `index`.
    pub(super) fn draw(seed: u64, index: u64) -> Self {
        let mut dice = Dice::new(seed, Stream::Audience, index);
        Self {
            country: choose(&mut dice, &COUNTRIES),
            player: choose(&mut dice, &PLAYERS),
        }
    }
}
