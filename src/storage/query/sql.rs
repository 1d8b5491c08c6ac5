//! A statement put together from pieces. Text is this program's own; what was asked for goes in as
//! binds, so that no value can become a part of the statement.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Double, Text, Timestamptz};

/// A value bound to a statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Bind {
    Text(String),
    Texts(Vec<String>),
    Integer(i64),
    Integers(Vec<i64>),
    Number(f64),
    Numbers(Vec<f64>),
    Boolean(bool),
    Booleans(Vec<bool>),
    Time(DateTime<Utc>),
    Times(Vec<DateTime<Utc>>),
}

impl Bind {
    /// The type in SQL.
    pub(super) fn sql_type(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Texts(_) => "text[]",
            Self::Integer(_) => "bigint",
            Self::Integers(_) => "bigint[]",
            Self::Number(_) => "float8",
            Self::Numbers(_) => "float8[]",
            Self::Boolean(_) => "boolean",
            Self::Booleans(_) => "boolean[]",
            Self::Time(_) => "timestamptz",
            Self::Times(_) => "timestamptz[]",
        }
    }
}

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Bind(Bind),
}

/// A statement under construction.
#[derive(Debug, Clone, Default)]
pub(super) struct Sql(Vec<Piece>);

impl Sql {
    /// Begins with text.
    pub(super) fn new(text: &str) -> Self {
        let mut sql = Self::default();
        sql.push(text);
        sql
    }

    /// Adds text. It must never hold what somebody asked for.
    pub(super) fn push(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.0.push(Piece::Text(text.to_owned())),
        }
    }

    /// Adds a value.
    pub(super) fn bind(&mut self, bind: Bind) {
        self.0.push(Piece::Bind(bind));
    }

    /// The values, in order.
    pub(super) fn binds(&self) -> impl Iterator<Item = &Bind> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Bind(bind) => Some(bind),
            Piece::Text(_) => None,
        })
    }

    /// The text, with what `place` makes of each value; their numbers begin with 1.
    pub(super) fn text(&self, mut place: impl FnMut(usize, &Bind) -> String) -> String {
        let mut number = 0;
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(own) => text.push_str(own),
                Piece::Bind(bind) => {
                    number += 1;
                    text.push_str(&place(number, bind));
                }
            }
        }
        text
    }

    /// The statement, ready to be run.
    pub(super) fn query(&self) -> BoxedSqlQuery<'static, Pg, SqlQuery> {
        let text = self.text(|number, bind| format!("${number}::{}", bind.sql_type()));
        let query = sql_query(text).into_boxed::<Pg>();
        self.binds().cloned().fold(query, |query, bind| match bind {
            Bind::Text(value) => query.bind::<Text, _>(value),
            Bind::Texts(values) => query.bind::<Array<Text>, _>(values),
            Bind::Integer(value) => query.bind::<BigInt, _>(value),
            Bind::Integers(values) => query.bind::<Array<BigInt>, _>(values),
            Bind::Number(value) => query.bind::<Double, _>(value),
            Bind::Numbers(values) => query.bind::<Array<Double>, _>(values),
            Bind::Boolean(value) => query.bind::<Bool, _>(value),
            Bind::Booleans(values) => query.bind::<Array<Bool>, _>(values),
            Bind::Time(value) => query.bind::<Timestamptz, _>(value),
            Bind::Times(values) => query.bind::<Array<Timestamptz>, _>(values),
        })
    }
}
