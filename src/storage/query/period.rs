//! When: `from` and `to`, or `last`. A session belongs to a period by its start; with `time=ended` by
//! its last event. Engagement is commonly told by start, quality by end; one rule for all figures of a
//! question, and that the start, keeps them comparable.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::sql::{Bind, Sql};
use super::{Mistake, Params};

/// The parameters of a period.
pub const PERIOD_PARAMS: &[&str] = &["from", "to", "last", "time"];
/// The period where none is asked for.
const DEFAULT_HOURS: i64 = 24;
/// No `last` goes back further.
pub const MAX_DAYS: i64 = 3660;
/// The last moment there is: the end of the year 9999, epoch ms.
pub const MAX_TIME_MS: i64 = 253_402_300_799_999;
/// The first one: the beginning of year 0. No event is older than 1970, but who asks for all that came
/// before a moment, or compares with as much time before, gets there. PostgreSQL knows it, too.
const MIN_TIME_MS: i64 = -62_167_219_200_000;

/// Which time of a session counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Clock {
    /// Its first event.
    Started,
    /// Its last event.
    Ended,
}

impl Clock {
    /// The column.
    #[must_use]
    pub fn column(self) -> &'static str {
        match self {
            Self::Started => "started_at",
            Self::Ended => "last_event_at",
        }
    }
}

/// From, inclusive, to, exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first moment that is in it.
    pub from: DateTime<Utc>,
    /// The first that is not.
    pub to: DateTime<Utc>,
    /// Which time of a session must lie in it.
    pub clock: Clock,
}

impl Period {
    /// Reads it from the parameters; `now` ends what has no end.
    pub fn parse(params: &Params, now: DateTime<Utc>) -> Result<Self, Mistake> {
        let words = [("started", Clock::Started), ("ended", Clock::Ended)];
        let clock = params.choice("time", &words)?;
        let time = |name| {
            params
                .one(name)?
                .map(|text| parse_time(name, text))
                .transpose()
        };
        let (from, to) = (time("from")?, time("to")?);
        let last = params.one("last")?.map(parse_last).transpose()?;
        if from.is_some() && last.is_some() {
            return Err(Mistake::new("last", "give either from or last"));
        }
        // Sessions begin at whole milliseconds.
        let now = now.trunc_subsecs(3);
        // A session may begin within the very millisecond that is asked for.
        let to = to.unwrap_or(now + TimeDelta::milliseconds(1));
        let length = last.unwrap_or(TimeDelta::hours(DEFAULT_HOURS));
        let from = from.unwrap_or(to - length);
        if from >= to {
            return Err(Mistake::new("from", "it must lie before to"));
        }
        Ok(Self { from, to, clock })
    }

    /// The period of the same length right before, as far as there is time.
    #[must_use]
    pub fn previous(self) -> Self {
        Self {
            from: clamp(self.from - (self.to - self.from)),
            to: self.from,
            clock: self.clock,
        }
    }

    /// The period that a cursor kept, epoch µs, if it can be one.
    pub(super) fn kept(self, from_us: i64, to_us: i64) -> Option<Self> {
        let time = |us: i64| {
            let time = DateTime::from_timestamp_micros(us)?;
            (MIN_TIME_MS..=MAX_TIME_MS)
                .contains(&time.timestamp_millis())
                .then_some(time)
        };
        Some(Self {
            from: time(from_us)?,
            to: time(to_us)?,
            ..self
        })
    }

    /// Whether a moment lies in it.
    #[must_use]
    pub fn contains(self, time: DateTime<Utc>) -> bool {
        (self.from..self.to).contains(&time)
    }

    /// Adds the condition to a statement.
    pub(super) fn push(self, sql: &mut Sql) {
        sql.push(self.clock.column());
        sql.push(" >= ");
        sql.bind(Bind::Time(self.from));
        sql.push(" AND ");
        sql.push(self.clock.column());
        sql.push(" < ");
        sql.bind(Bind::Time(self.to));
    }
}

/// A moment, as RFC 3339 or epoch ms.
pub(super) fn parse_time(parameter: &str, text: &str) -> Result<DateTime<Utc>, Mistake> {
    let epoch_ms = text
        .parse()
        .ok()
        .filter(|ms| (0..=MAX_TIME_MS).contains(ms));
    let epoch = epoch_ms.and_then(DateTime::from_timestamp_millis);
    // In a URL that is not encoded the + of an offset arrives as a space.
    let rfc = || DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok();
    let time = epoch.or_else(|| rfc().map(|time| clamp(time.to_utc())));
    time.ok_or_else(|| {
        Mistake::new(
            parameter,
            format!("it takes 2026-11-23T07:30:00Z or epoch ms, not {text:?}"),
        )
    })
}

/// The nearest moment that there is.
fn clamp(time: DateTime<Utc>) -> DateTime<Utc> {
    let ms = time.timestamp_millis();
    let bound =
        (!(MIN_TIME_MS..=MAX_TIME_MS).contains(&ms)).then(|| ms.clamp(MIN_TIME_MS, MAX_TIME_MS));
    bound
        .and_then(DateTime::from_timestamp_millis)
        .unwrap_or(time)
}

/// As `30m`, `24h`, `7d`.
fn parse_last(text: &str) -> Result<TimeDelta, Mistake> {
    let wrong = || {
        let detail = format!("it takes 30m, 24h, 7d or 2w, up to {MAX_DAYS}d, not {text:?}");
        Mistake::new("last", detail)
    };
    let unit_at = text.len().saturating_sub(1);
    let (number, unit) = text.split_at_checked(unit_at).ok_or_else(wrong)?;
    let unit_secs = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return Err(wrong()),
    };
    let number: i64 = number.parse().map_err(|_none| wrong())?;
    let secs = number.checked_mul(unit_secs).ok_or_else(wrong)?;
    if !(1..=MAX_DAYS * 86_400).contains(&secs) {
        return Err(wrong());
    }
    Ok(TimeDelta::seconds(secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn parse(pairs: &[(&str, &str)]) -> Result<(String, String), Mistake> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let params = Params::new(pairs.iter().map(owned).collect(), &[PERIOD_PARAMS])?;
        let period = Period::parse(&params, now())?;
        let text = |time: DateTime<Utc>| time.format("%m-%d %H:%M:%S%.3f").to_string();
        Ok((text(period.from), text(period.to)))
    }

    #[test]
    fn a_period_is_told_in_any_of_these_ways() {
        for (pairs, from, to) in [
            (vec![], "11-22 12:00:00.001", "11-23 12:00:00.001"),
            (
                vec![("last", "30m")],
                "11-23 11:30:00.001",
                "11-23 12:00:00.001",
            ),
            (
                vec![("last", "7d")],
                "11-16 12:00:00.001",
                "11-23 12:00:00.001",
            ),
            (
                vec![("to", "2026-11-20T00:00:00Z"), ("last", "1h")],
                "11-19 23:00:00.000",
                "11-20 00:00:00.000",
            ),
            (
                vec![("from", "2026-11-23T02:00:00 01:00")],
                "11-23 01:00:00.000",
                "11-23 12:00:00.001",
            ),
            (
                vec![("from", "1795392460000"), ("to", "1795392461000")],
                "11-23 00:07:40.000",
                "11-23 00:07:41.000",
            ),
        ] {
            assert_eq!(
                parse(&pairs),
                Ok((from.to_owned(), to.to_owned())),
                "{pairs:?}"
            );
        }
    }

    #[test]
    fn a_period_that_cannot_be_names_what_is_wrong() {
        for (pairs, parameter) in [
            (vec![("last", "7")], "last"),
            (vec![("last", "d")], "last"),
            (vec![("last", "0h")], "last"),
            (vec![("last", "-1h")], "last"),
            (vec![("last", "3661d")], "last"),
            (vec![("last", "9999999999999999d")], "last"),
            (vec![("last", "7é")], "last"),
            (vec![("last", "1h"), ("from", "0")], "last"),
            (vec![("from", "yesterday")], "from"),
            (vec![("from", "+999999-01-01T00:00:00Z")], "from"),
            (vec![("to", "-1")], "to"),
            (vec![("from", "2000"), ("to", "1000")], "from"),
            (vec![("time", "middle")], "time"),
        ] {
            assert_eq!(parse(&pairs).unwrap_err().parameter, parameter, "{pairs:?}");
        }
    }
}
