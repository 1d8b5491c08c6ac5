//! What analysts ask of the tables: lists, figures over sessions, one session's history, exports.
//!
//! A question begins as parameters, pairs of text from a URL or a command line. `parse` functions turn
//! them, in one place and the same for both, into a type that cannot be wrong, or into a [`Mistake`]
//! that names the parameter and what would be right. Such a type is a [`Query`]; the [`Reader`]
//! answers it on connections of its own, so that no question takes one from the write path.
//!
//! Values reach PostgreSQL only as binds; names of columns come only from the lists in `fields` and
//! `measures`. Every question is about one project.

mod board;
mod columns;
mod cursor;
mod export;
mod fields;
mod figures;
mod figures_answer;
mod filter;
mod interval;
mod measure;
mod measures;
mod metric;
mod mistake;
mod narrow;
mod params;
mod parts;
mod period;
mod place;
mod reader;
mod sessions;
mod sort;
mod sql;
mod summand;
mod tally;

pub use columns::Columns;
pub use cursor::Cursor;
pub use export::{
    Column, ColumnKind, Download, EVENTS_EXPORT_PARAMS, Export, Exporter, Format, Limits,
    SESSIONS_EXPORT_PARAMS,
};
pub use fields::{FIELDS, Field, Kind};
pub use figures::{FIGURES_PARAMS, FiguresOver, FiguresQuery};
pub use figures_answer::{
    Amount, ComparedWith, Figure, FiguresAnswer, GroupFigures, MetricInfo, PreviousFigure, Stretch,
};
pub use filter::{FILTER_HELP, Filter};
pub use measure::{Better, Formula, Measure};
pub use measures::MEASURES;
pub use metric::Metric;
pub use mistake::Mistake;
pub use params::Params;
pub use period::{Clock, PERIOD_PARAMS, Period};
pub use place::Place;
pub use reader::{Query, Reader};
pub use sessions::{Page, SESSIONS_PARAMS, SessionsOver, SessionsQuery};
pub use sort::Sort;

/// Rows of a page, unless asked otherwise, and the most that may be asked for.
pub const DEFAULT_LIMIT: i64 = 50;
/// See [`DEFAULT_LIMIT`].
pub const MAX_LIMIT: i64 = 500;
