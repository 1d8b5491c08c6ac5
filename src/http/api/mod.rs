//! `/api/v1`: what is read of sessions, as JSON. Names and units are those of the columns, times are
//! RFC 3339 in UTC, ratios go from 0 to 1, and what is not known is null.

pub(super) mod sessions;
