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
mod condition;
mod cursor;
mod dimension_values;
mod dimensions;
mod errors;
mod errors_answer;
mod export;
mod fields;
mod figures;
mod figures_answer;
mod filter;
mod histogram;
mod histogram_answer;
mod histogram_edges;
mod interval;
mod marks;
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
mod resolution;
mod series;
mod session_events;
mod sessions;
mod sort;
mod sql;
mod standing;
mod stories;
mod story;
mod summand;
mod tally;
mod timeline;
mod value_counts;

pub use columns::Columns;
pub use cursor::Cursor;
pub use dimension_values::{DimensionValue, VALUES_PARAMS, ValuesPage, ValuesQuery};
pub use dimensions::{Dimension, Dimensions, DimensionsQuery};
pub use errors::{ERRORS_ORDERS, ERRORS_PARAMS, ErrorsQuery};
pub use errors_answer::{Affected, ErrorFigures, ErrorsAnswer, Population};
pub use export::{
    Column, ColumnKind, Download, EVENTS_EXPORT_PARAMS, Export, Exporter, Format, Limits,
    SESSIONS_EXPORT_PARAMS,
};
pub use fields::{FIELDS, Field, Kind};
pub use figures::{FIGURES_PARAMS, FiguresQuery};
pub use figures_answer::{
    Amount, ComparedWith, Figure, FiguresAnswer, GroupFigures, MetricInfo, PreviousFigure, Stretch,
};
pub use filter::{FILTER_HELP, Filter};
pub use histogram::{HISTOGRAM_PARAMS, HistogramQuery, Scale};
pub use histogram_answer::{Bucket, HistogramAnswer};
pub use interval::INTERVALS;
pub use marks::Marks;
pub use measure::{Better, Formula, Measure};
pub use measures::MEASURES;
pub use metric::Metric;
pub use mistake::Mistake;
pub use params::Params;
pub use period::{Clock, MAX_DAYS, MAX_TIME_MS, PERIOD_PARAMS, Period};
pub use place::Place;
pub use reader::{Query, Reader};
pub use resolution::Resolution;
pub use series::Series;
pub use session_events::{EventsPage, SESSION_EVENTS_PARAMS, SessionEvent, SessionEventsQuery};
pub use sessions::{Page, SESSIONS_PARAMS, SessionsQuery};
pub use sort::Sort;
pub use standing::{Standing, StandingQuery};
pub use stories::{Edition, Stories};
pub use story::{Story, StoryQuery};
pub use timeline::{PlayerSeries, StateSpan, TIMELINE_PARAMS, Timeline};

/// Rows of a page, unless asked otherwise, and the most that may be asked for.
pub const DEFAULT_LIMIT: i64 = 50;
/// See [`DEFAULT_LIMIT`].
pub const MAX_LIMIT: i64 = 500;
