//! The live view at a terminal, redrawn with each second's figures.

use std::collections::VecDeque;

use super::draw::{bar, grouped, legend, percent, recent, table};
use super::feed::{Feed, Live};
use super::screen::{Screen, Touch, touches};
use crate::cli::output::printable;
use crate::cli::style::{Look, Paint};

/// Seconds of the sparkline.
pub(super) const REMEMBERED: usize = 60;

/// What is drawn.
struct View<'a> {
    server: &'a str,
    live: Option<Live>,
    watching: VecDeque<u64>,
    /// Why the figures are old.
    trouble: Option<String>,
    paint: Paint,
}

/// Draws until somebody leaves, or so many times.
pub(super) async fn show(mut feed: Feed<'_>, count: Option<u64>) -> anyhow::Result<()> {
    let server = printable(feed.url());
    let mut view = View {
        server: &server,
        live: None,
        watching: VecDeque::new(),
        trouble: None,
        paint: Paint::of_stdout(),
    };
    let screen = Screen::take()?;
    let mut touches = touches();
    let mut drawn = 0;
    while count.is_none_or(|count| drawn < count) {
        tokio::select! {
            touch = touches.recv() => match touch {
                Some(Touch::Resize) => {}
                Some(Touch::Quit) | None => break,
            },
            figures = feed.next() => match figures {
                Ok(figures) => {
                    view.take(serde_json::from_value(figures)?);
                    drawn += 1;
                }
                Err(error) => view.trouble = Some(printable(&format!("{error:#}"))),
            },
        }
        let (columns, rows) = Screen::size();
        screen.draw(&view.lines(columns, rows))?;
    }
    Ok(())
}

impl View<'_> {
    fn take(&mut self, live: Live) {
        self.watching.push_back(live.total.watching);
        if self.watching.len() > REMEMBERED {
            self.watching.pop_front();
        }
        self.trouble = None;
        self.live = Some(live);
    }

    fn lines(&self, columns: usize, rows: usize) -> Vec<String> {
        let paint = self.paint;
        let width = columns.saturating_sub(2).clamp(10, 120);
        let mut lines = Vec::new();
        let Some(live) = &self.live else {
            return vec![format!(
                " {}",
                paint.faint("waiting for the first second …")
            )];
        };
        let time = live.time.format("%H:%M:%S UTC");
        lines.push(format!(
            " {}   {}",
            paint.strong(self.server),
            paint.faint(&time.to_string())
        ));
        lines.push(String::new());
        let total = &live.total;
        lines.push(format!(
            " {} watching   {} live   {} of those watching rebuffering",
            paint.strong(&grouped(total.watching)),
            grouped(total.sessions),
            percent(total.rebuffering_share)
        ));
        lines.push(String::new());
        lines.push(format!(" {}", bar(total, width, paint)));
        lines.extend(legend(total, width, paint));
        lines.push(String::new());
        lines.push(format!(" {}", recent(&self.watching, paint)));
        let below = [
            String::new(),
            match &self.trouble {
                Some(trouble) => {
                    let colour = Look::of("rebuffering").colour;
                    format!(
                        " {}",
                        paint.colour(&format!("{trouble}; trying again"), colour)
                    )
                }
                None => format!(" {}", paint.faint("q leaves")),
            },
        ];
        if !live.group_by.is_empty() {
            lines.push(String::new());
            let room = rows.saturating_sub(lines.len() + below.len());
            lines.extend(table(live, room));
        }
        lines.extend(below);
        lines
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn counts(playing: u64, rebuffering: u64) -> Value {
        let sessions = playing + rebuffering;
        json!({"sessions": sessions, "watching": sessions, "rebuffering_share": 0.25,
            "states": {"rebuffering": rebuffering, "playing": playing, "napping": 0}})
    }

    fn view(live: Value) -> View<'static> {
        let mut view = View {
            server: "http://h",
            live: None,
            watching: VecDeque::from([100]),
            trouble: None,
            paint: Paint::none(),
        };
        view.take(serde_json::from_value(live).unwrap());
        view
    }

    #[test]
    fn the_view_shows_who_watches_and_no_stall_is_too_rare_for_the_bar() {
        let live = json!({"time": "2026-11-23T07:30:01.234Z", "group_by": [], "groups": 0,
            "total": counts(1_199, 1), "data": [], "other": null});
        let mut view = view(live);
        assert_eq!(
            view.lines(22, 30),
            [
                " http://h   07:30:01 UTC",
                "",
                " 1,200 watching   1,200 live   25.0 % of those watching rebuffering",
                "",
                " ===================!",
                " = playing 1,199  ",
                " ! rebuffering 1  ",
                "",
                " watching, last minute  ▂█  100 to 1,200",
                "",
                " q leaves",
            ]
        );
        view.trouble = Some("the server ended the stream".to_owned());
        let lines = view.lines(22, 30);
        assert_eq!(
            lines.last().unwrap(),
            " the server ended the stream; trying again"
        );
    }

    #[test]
    fn groups_are_a_table_that_never_pushes_the_rest_off_the_screen() {
        let mut group = counts(3, 1);
        group["group"] = json!({"browser": "Chr\u{1b}[2Jome"});
        let live = json!({"time": "2026-11-23T07:30:01.234Z", "group_by": ["browser"],
            "groups": 4, "total": counts(4, 1), "data": [group], "other": counts(1, 0)});
        let view = view(live);
        let lines = view.lines(100, 30);
        let row = |name: &str| {
            lines
                .iter()
                .find(|line| line.contains(name))
                .unwrap()
                .clone()
        };
        let cells = |line: String| {
            line.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let chrome = [
            "Chr\\u{1b}[2Jome",
            "4",
            "4",
            "25.0",
            "%",
            "3",
            "0",
            "0",
            "1",
            "0",
            "0",
        ];
        assert_eq!(cells(row("Chr")), chrome);
        let others = [
            "(3", "others)", "1", "1", "25.0", "%", "1", "0", "0", "0", "0", "0",
        ];
        assert_eq!(cells(row("others")), others);
        let few = view.lines(100, 13);
        assert_eq!(few.len(), 13);
        assert_eq!(few.last().unwrap(), " q leaves");
    }
}
