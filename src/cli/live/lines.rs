//! Live figures line by line, for pipes and files.

use std::io::Write;

use serde_json::Value;

use super::feed::{Counts, Feed, Live};
use crate::cli::output::{Format, plain, printable};

/// How a second is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    /// `name=count`, a line for the total and one for each group.
    Words,
    /// A JSON object, as the server sent it.
    Json,
    /// A header, then a row for each group, or for the total without groups.
    Csv,
}

impl Lines {
    pub(super) fn of(format: Option<Format>) -> Self {
        match format {
            Some(Format::Json) => Self::Json,
            Some(Format::Csv) => Self::Csv,
            Some(Format::Table) | None => Self::Words,
        }
    }

    /// Prints second after second, so many or until the stream ends, which is an error.
    pub(super) async fn print(self, mut feed: Feed<'_>, count: Option<u64>) -> anyhow::Result<()> {
        let mut printed = 0;
        while count.is_none_or(|count| printed < count) {
            let figures = feed.next().await?;
            let text = match self {
                Self::Json => format!("{figures}\n"),
                Self::Words => words(&serde_json::from_value(figures)?),
                Self::Csv => csv(&serde_json::from_value(figures)?, printed == 0)?,
            };
            let mut stdout = std::io::stdout();
            stdout.write_all(text.as_bytes())?;
            stdout.flush()?;
            printed += 1;
        }
        Ok(())
    }
}

fn time_of(live: &Live) -> String {
    live.time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

fn words(live: &Live) -> String {
    let told = |counts: &Counts| {
        let states = counts.states.iter();
        let states = states.map(|(state, count)| format!(" {}={count}", printable(state)));
        let (sessions, watching) = (counts.sessions, counts.watching);
        format!(
            "sessions={sessions} watching={watching}{}",
            states.collect::<String>()
        )
    };
    let mut text = format!("{} {}\n", time_of(live), told(&live.total));
    for group in &live.data {
        for (name, value) in &group.group {
            // As JSON: what is text can be told from what is not known.
            let (name, value) = (printable(name), printable(&value.to_string()));
            text += &format!("  {name}={value} {}\n", told(&group.counts));
        }
    }
    if let Some(other) = &live.other {
        text += &format!("  others {}\n", told(other));
    }
    text
}

fn csv(live: &Live, with_header: bool) -> anyhow::Result<String> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    let states = || live.total.states.keys().map(String::as_str);
    if with_header {
        let counts = ["sessions", "watching", "rebuffering_share"];
        let dimensions = live.group_by.iter().map(String::as_str);
        csv.write_record(
            ["time"]
                .into_iter()
                .chain(dimensions)
                .chain(counts)
                .chain(states()),
        )?;
    }
    let mut write = |values: Vec<String>, counts: &Counts| {
        let share = counts.rebuffering_share.map(|it| it.to_string());
        let counted = [
            counts.sessions.to_string(),
            counts.watching.to_string(),
            share.unwrap_or_default(),
        ];
        let by_state = states().map(|state| counts.of(state).to_string());
        let row = [time_of(live)].into_iter().chain(values);
        csv.write_record(row.chain(counted).chain(by_state))
    };
    if live.group_by.is_empty() {
        write(Vec::new(), &live.total)?;
    }
    for group in &live.data {
        let value = |name| plain(group.group.get(name).unwrap_or(&Value::Null));
        write(live.group_by.iter().map(value).collect(), &group.counts)?;
    }
    Ok(String::from_utf8(csv.into_inner()?)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn live() -> Live {
        let counts = |sessions: u64, stalled: u64| {
            json!({"sessions": sessions, "watching": sessions, "rebuffering_share": 0.5,
                "states": {"playing": sessions - stalled, "rebuffering": stalled}})
        };
        let group = |browser: Value, sessions| {
            let mut group = counts(sessions, 0);
            group["group"] = json!({"browser": browser});
            group
        };
        let live = json!({"time": "2026-11-23T07:30:01.234Z", "group_by": ["browser"],
            "total": counts(10, 5), "groups": 3, "other": counts(1, 1),
            "data": [group(json!("a\u{1b}[31m,b"), 6), group(Value::Null, 3)]});
        serde_json::from_value(live).unwrap()
    }

    #[test]
    fn words_tell_the_total_and_each_group() {
        assert_eq!(
            words(&live()),
            "2026-11-23T07:30:01Z sessions=10 watching=10 playing=5 rebuffering=5\n  \
             browser=\"a\\u001b[31m,b\" sessions=6 watching=6 playing=6 rebuffering=0\n  \
             browser=null sessions=3 watching=3 playing=3 rebuffering=0\n  \
             others sessions=1 watching=1 playing=0 rebuffering=1\n"
        );
    }

    #[test]
    fn csv_has_a_row_for_each_group_or_one_for_the_total() {
        let mut live = live();
        live.data.remove(0);
        assert_eq!(
            csv(&live, true).unwrap(),
            "time,browser,sessions,watching,rebuffering_share,playing,rebuffering\n\
             2026-11-23T07:30:01Z,,3,3,0.5,3,0\n"
        );
        live.group_by.clear();
        live.data.clear();
        assert_eq!(
            csv(&live, false).unwrap(),
            "2026-11-23T07:30:01Z,10,10,0.5,5,5\n"
        );
    }
}
