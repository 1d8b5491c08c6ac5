//! video-telemetry: quality-of-experience telemetry for video players.
//!
//! A player's plugin posts its playback events to `POST /telemetry`. Each session has an actor that
//! has its events inserted as rows and folds them into the session's summary; when the session goes
//! quiet the summary is written beside the rows. A 200 means: every event of the request is
//! committed, was known already, or was rejected and is kept with its reason.
//!
//! The layers point one way, from the top of this list to its end (`tests` enforce it):
//! `cli`, `app`, `http`, `session`, `storage`, `qoe`.

pub mod app;
pub mod cli;
pub mod http;
pub mod qoe;
pub mod session;
pub mod storage;
