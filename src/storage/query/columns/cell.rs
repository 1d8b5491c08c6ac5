//! What a column holds of each session: an expression over the session's row.

use super::super::sql::Sql;
use super::super::{Kind, Place};

/// A value of a session. The texts are SQL of this program's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in super::super) enum Cell {
    /// A number.
    Number(String),
    /// 1 where the condition holds, 0 where not.
    Flag(String),
    /// A moment, epoch µs.
    Moment(&'static str),
    /// Text.
    Text(Place),
}

impl Cell {
    /// The value at a place, as filters and groups want it.
    pub(in super::super) fn of(place: &Place) -> Self {
        let Place::Column(field) = place else {
            return Self::Text(place.clone());
        };
        match field.kind {
            Kind::Text => Self::Text(place.clone()),
            Kind::Integer | Kind::Number => Self::Number(field.name.to_owned()),
            Kind::Boolean => Self::Flag(field.name.to_owned()),
            Kind::Time => Self::Moment(field.name),
        }
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Adds it to a statement. A number that is not known is NaN, which no column of ours holds.
    pub(super) fn push(&self, sql: &mut Sql) {
        match self {
            Self::Number(of) => sql.push(&format!("coalesce(({of})::float8, 'NaN')")),
            Self::Flag(of) => sql.push(&format!("coalesce(({of})::int::float8, 'NaN')")),
            Self::Moment(of) => sql.push(&format!(
                "coalesce(round(date_part('epoch', {of}) * 1000000), 'NaN')"
            )),
            Self::Text(place) => place.push_text(sql),
        }
    }

    /// Memory beyond its own size.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Number(of) | Self::Flag(of) => of.capacity(),
            Self::Text(Place::Custom(key)) => key.capacity(),
            Self::Text(Place::Column(_)) | Self::Moment(_) => 0,
        }
    }
}
