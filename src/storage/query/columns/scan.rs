//! Going over the sessions of a period, hour by hour, with the columns that are wanted of them.

use std::collections::HashMap;
use std::sync::Arc;

use diesel_async::AsyncPgConnection;
use diesel_async::pg::TransactionBuilder;

use super::super::{Filter, Period};
use super::load::{self, Version};
use super::{Cell, Column, Columns, Place};
use crate::storage::StorageError;
use crate::storage::query::parts::float;

/// Hours fetched by one statement: what is on its way is bounded by it.
const HOURS_AT_ONCE: usize = 24;

/// Which sessions, and what of them.
#[derive(Debug, Clone)]
pub(in super::super) struct Scan {
    project: Arc<str>,
    period: Period,
    filters: Vec<Filter>,
    /// The time first, then what filters look at, then what is wanted; each once.
    cells: Vec<Cell>,
    latest_first: bool,
}

/// An hour's sessions that are in the period and pass the filters.
pub(in super::super) struct Rows<'a> {
    columns: &'a [Arc<Column>],
    /// Their places in the columns.
    pub(in super::super) picked: &'a [usize],
}

/// Has several statements see the tables as of one moment.
pub(in super::super) fn snapshot(
    connection: &mut AsyncPgConnection,
) -> TransactionBuilder<'_, AsyncPgConnection> {
    connection.build_transaction().repeatable_read().read_only()
}

impl Rows<'_> {
    /// The column that [`Scan::want`] told the number of.
    pub(in super::super) fn column(&self, at: usize) -> Option<&Column> {
        self.columns.get(at).map(|column| &**column)
    }

    /// Its numbers; none of a column of texts.
    pub(in super::super) fn numbers(&self, at: usize) -> &[f64] {
        self.column(at).map_or(&[], Column::numbers)
    }

    /// The known numbers of the picked rows.
    pub(in super::super) fn known(&self, at: usize) -> impl Iterator<Item = f64> {
        let numbers = self.numbers(at);
        let of_picked = self
            .picked
            .iter()
            .filter_map(|row| numbers.get(*row).copied());
        of_picked.filter(|number| !number.is_nan())
    }

    /// When the sessions start or end, epoch µs.
    pub(in super::super) fn times_us(&self) -> &[f64] {
        self.numbers(0)
    }
}

impl Scan {
    /// Of these sessions nothing yet.
    pub(in super::super) fn new(project: &str, period: Period, filters: &[Filter]) -> Self {
        let mut scan = Self {
            project: project.into(),
            period,
            filters: filters.to_vec(),
            cells: vec![Cell::Moment(period.clock.column())],
            latest_first: false,
        };
        for filter in filters {
            scan.want(filter.cell());
        }
        scan
    }

    /// Asks for a column too, and tells its number.
    pub(in super::super) fn want(&mut self, cell: Cell) -> usize {
        let known = self.cells.iter().position(|known| *known == cell);
        known.unwrap_or_else(|| {
            self.cells.push(cell);
            self.cells.len() - 1
        })
    }

    /// Visits the latest hour first.
    pub(in super::super) fn latest_first(&mut self) {
        self.latest_first = true;
    }

    /// Visits the period's hours in their order, all as of one moment. A visit that is refused ends
    /// the scan. Between two hours others get their turn: a scan takes the processor for long.
    pub(in super::super) async fn run(
        &self,
        connection: &mut AsyncPgConnection,
        columns: &Columns,
        visit: impl FnMut(&Rows<'_>) -> bool + Send,
    ) -> Result<(), StorageError> {
        let run = async |connection: &mut _| self.run_within(connection, columns, visit).await;
        snapshot(connection).run(run).await
    }

    /// The same within a [`snapshot`] that is open: outside of one, an hour's version and its columns
    /// may not belong together.
    pub(in super::super) async fn run_within(
        &self,
        connection: &mut AsyncPgConnection,
        columns: &Columns,
        mut visit: impl FnMut(&Rows<'_>) -> bool + Send,
    ) -> Result<(), StorageError> {
        let Period { from, to, .. } = self.period;
        let mut hours = load::versions(connection, &self.project, from, to).await?;
        if self.latest_first {
            hours.reverse();
        }
        // What is new may be more than is kept, so it is looked at in pieces.
        for hours in hours.chunks(HOURS_AT_ONCE) {
            for piece in &self.fetch(connection, columns, hours).await? {
                if !self.visit(piece, &mut visit) {
                    return Ok(());
                }
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    /// The columns of each of these hours, kept ones or new.
    async fn fetch(
        &self,
        connection: &mut AsyncPgConnection,
        columns: &Columns,
        hours: &[Version],
    ) -> Result<Vec<Vec<Arc<Column>>>, StorageError> {
        let mut pieces: Vec<Piece> = hours.iter().map(|hour| self.kept(columns, *hour)).collect();
        let lacking = |at: &usize| pieces.iter().any(|piece| piece.lacks(*at));
        let wanted: Vec<usize> = (0..self.cells.len()).filter(lacking).collect();
        if !wanted.is_empty() {
            let cells: Vec<&Cell> = wanted.iter().filter_map(|at| self.cells.get(*at)).collect();
            let incomplete = pieces.iter_mut().filter(|piece| !piece.is_complete());
            let mut incomplete: HashMap<i64, &mut Piece> =
                incomplete.map(|piece| (piece.hour.hour, piece)).collect();
            let missing: Vec<i64> = incomplete.keys().copied().collect();
            let of = (&*self.project, self.period.clock);
            load::columns(connection, of, &missing, &cells, |hour, loaded| {
                let Some(piece) = incomplete.get_mut(&hour) else {
                    return;
                };
                for ((at, cell), column) in wanted.iter().zip(&cells).zip(loaded) {
                    let column = Arc::new(column);
                    columns.keep(
                        self.place(hour, cell),
                        piece.hour.version,
                        Arc::clone(&column),
                    );
                    piece.put(*at, column);
                }
            })
            .await?;
        }
        Ok(pieces.into_iter().map(Piece::columns).collect())
    }

    /// What is kept of an hour and still right.
    fn kept(&self, columns: &Columns, hour: Version) -> Piece {
        let kept = |cell| columns.get(&self.place(hour.hour, cell), hour.version);
        Piece {
            hour,
            columns: self.cells.iter().map(kept).collect(),
        }
    }

    fn visit(&self, columns: &[Arc<Column>], visit: &mut impl FnMut(&Rows<'_>) -> bool) -> bool {
        let picked = self.pick(columns);
        picked.is_empty()
            || visit(&Rows {
                columns,
                picked: &picked,
            })
    }

    fn pick(&self, columns: &[Arc<Column>]) -> Vec<usize> {
        let times = Rows {
            columns,
            picked: &[],
        };
        let (from_us, to_us) = (
            self.period.from.timestamp_micros(),
            self.period.to.timestamp_micros(),
        );
        let (from_us, to_us) = (float(from_us), float(to_us));
        let times = times.times_us();
        let mut picked: Vec<usize> = (0..times.len())
            .filter(|row| {
                times
                    .get(*row)
                    .is_some_and(|time| (from_us..to_us).contains(time))
            })
            .collect();
        for filter in &self.filters {
            let cell = filter.cell();
            let column = self.cells.iter().position(|known| *known == cell);
            if let Some(column) = column.and_then(|at| columns.get(at)) {
                filter.pick(column, &mut picked);
            }
        }
        picked
    }

    fn place(&self, hour: i64, cell: &Cell) -> Place {
        Place {
            project: Arc::clone(&self.project),
            clock: self.period.clock,
            hour,
            cell: cell.clone(),
        }
    }
}

/// An hour's columns while they are gathered.
struct Piece {
    hour: Version,
    columns: Vec<Option<Arc<Column>>>,
}

impl Piece {
    fn lacks(&self, at: usize) -> bool {
        self.columns.get(at).is_some_and(Option::is_none)
    }

    fn is_complete(&self) -> bool {
        self.columns.iter().all(Option::is_some)
    }

    fn put(&mut self, at: usize, column: Arc<Column>) {
        if let Some(place) = self.columns.get_mut(at) {
            *place = Some(column);
        }
    }

    fn columns(self) -> Vec<Arc<Column>> {
        self.columns.into_iter().flatten().collect()
    }
}
