//! How fine a timeline is: every sample, or stretches of one length (buckets) of each of which only
//! the extremes are told.

use super::{Mistake, Params};

/// Unless asked otherwise, the finest of `STEPS` that cuts a session into no more buckets.
const WANTED_BUCKETS: i64 = 2000;
/// A resolution that cuts a session into more buckets than it may have events leaves nothing out.
const MAX_BUCKETS: i64 = 100_000;

const UNITS: [(&str, i64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// The lengths that are chosen from, ms. The last one cuts any two times there are into few enough.
const STEPS: [i64; 20] = [
    250,
    500,
    1000,
    2000,
    5000,
    10_000,
    15_000,
    30_000,
    60_000,
    2 * 60_000,
    5 * 60_000,
    10 * 60_000,
    30 * 60_000,
    3_600_000,
    3 * 3_600_000,
    6 * 3_600_000,
    86_400_000,
    7 * 86_400_000,
    365 * 86_400_000,
    3650 * 86_400_000,
];

/// The resolution that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Whatever is right for the session's length.
    Fitting,
    /// Every sample.
    Raw,
    /// Buckets of this length, ms.
    Buckets(i64),
}

impl Resolution {
    /// `resolution` among the parameters.
    pub fn parse(params: &Params) -> Result<Self, Mistake> {
        match params.one("resolution")? {
            None => Ok(Self::Fitting),
            Some("raw") => Ok(Self::Raw),
            Some(text) => parse_ms(text).map(Self::Buckets).ok_or_else(|| {
                let detail = format!("it must be raw or a time like 250ms, 1s or 5m, not {text:?}");
                Mistake::new("resolution", detail)
            }),
        }
    }

    /// As it is asked for; `auto` when it is not.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Fitting => "auto".to_owned(),
            Self::Raw => "raw".to_owned(),
            Self::Buckets(ms) => name_of_ms(ms),
        }
    }

    /// For a session of this length: its buckets' length, ms; `None` for every sample.
    pub(super) fn bucket_ms(self, session_ms: i64) -> Result<Option<i64>, Mistake> {
        match self {
            Self::Raw => Ok(None),
            Self::Fitting => Ok(finest(session_ms, WANTED_BUCKETS)),
            Self::Buckets(ms) if buckets(session_ms, ms) <= MAX_BUCKETS => Ok(Some(ms)),
            Self::Buckets(ms) => {
                let fits = finest(session_ms, MAX_BUCKETS).map(name_of_ms);
                let detail = format!(
                    "{} cuts this session into {} stretches, at most {MAX_BUCKETS} are allowed; \
                     ask for {}, or for raw to get every sample",
                    name_of_ms(ms),
                    buckets(session_ms, ms),
                    fits.unwrap_or_default()
                );
                Err(Mistake::new("resolution", detail))
            }
        }
    }
}

fn buckets(session_ms: i64, bucket_ms: i64) -> i64 {
    session_ms / bucket_ms + 1
}

fn finest(session_ms: i64, most: i64) -> Option<i64> {
    let mut steps = STEPS.into_iter();
    let fits = steps.find(|ms| buckets(session_ms, *ms) <= most);
    fits.or(STEPS.last().copied())
}

fn parse_ms(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, unit_ms) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let ms = number.parse::<i64>().ok()?.checked_mul(*unit_ms)?;
    (ms > 0).then_some(ms)
}

/// In the largest unit that it is a multiple of.
pub(super) fn name_of_ms(ms: i64) -> String {
    let whole = UNITS.iter().find(|(_, unit_ms)| ms % unit_ms == 0);
    whole.map_or_else(String::new, |(unit, unit_ms)| {
        format!("{}{unit}", ms / unit_ms)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Resolution, Mistake> {
        let pairs = vec![("resolution".to_owned(), text.to_owned())];
        Resolution::parse(&Params::new(pairs, &[&["resolution"]])?)
    }

    #[test]
    fn a_resolution_is_raw_or_a_time() {
        for (text, expected, name) in [
            ("", Resolution::Fitting, "auto"),
            ("raw", Resolution::Raw, "raw"),
            ("250ms", Resolution::Buckets(250), "250ms"),
            ("1s", Resolution::Buckets(1000), "1s"),
            ("90s", Resolution::Buckets(90_000), "90s"),
            ("60s", Resolution::Buckets(60_000), "1m"),
            ("7d", Resolution::Buckets(604_800_000), "7d"),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
            assert_eq!(expected.name(), name);
        }
        for wrong in [
            "fine",
            "1",
            "s",
            "0s",
            "-1s",
            "1.5s",
            "1 s",
            "1S",
            "1é",
            "99999999999999999999s",
            "9223372036854775807d",
        ] {
            assert_eq!(parse(wrong).unwrap_err().parameter, "resolution", "{wrong}");
        }
    }

    #[test]
    fn the_fitting_one_is_the_finest_with_at_most_2000_buckets() {
        for (session_ms, bucket_ms) in [
            (0, 250),
            (499_999, 250),
            (500_000, 500),
            (3_600_000, 2000),
            (200_000_000, 120_000),
            (253_402_300_799_999, 3650 * 86_400_000),
        ] {
            assert_eq!(
                Resolution::Fitting.bucket_ms(session_ms),
                Ok(Some(bucket_ms)),
                "{session_ms}"
            );
        }
    }

    #[test]
    fn one_that_is_too_fine_is_refused_with_one_that_fits() {
        let fine = Resolution::Buckets(1000);
        assert_eq!(fine.bucket_ms(99_999_999), Ok(Some(1000)));
        let mistake = fine.bucket_ms(100_000_000).unwrap_err();
        assert_eq!(
            mistake.to_string(),
            "resolution: 1s cuts this session into 100001 stretches, at most 100000 are allowed; \
             ask for 2s, or for raw to get every sample"
        );
    }
}
