//! What values parameters take, as JSON Schema, made of the lists that read them. What a schema cannot
//! say (`from` lies before `to`, a text has so many bytes) is said in words beside it.

use utoipa::openapi::schema::{Array, Object, ObjectBuilder, OneOfBuilder, Schema};
use utoipa::openapi::{ArrayBuilder, KnownFormat, Ref, RefOr, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use super::filter_value::{CUSTOM, FILTER};
use crate::qoe::Dimension;
use crate::storage::query::{FIELDS, INTERVALS, MAX_DAYS, MAX_TIME_MS, MEASURES};

/// Gives the documentation's name of a kind of values its schema.
macro_rules! values {
    ($($name:ident: $schema:ident),+ $(,)?) => {$(
        #[doc = concat!("See `", stringify!($schema), "`.")]
        pub(super) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema().into()
            }
        }

        impl ToSchema for $name {}
    )+};
}

values! {
    Moment: moment,
    Length: length,
    ClockWord: clock,
    Filters: filters,
    CursorText: cursor,
    StatusWord: status,
    SortField: sort,
    Metrics: metrics,
    Dimensions: dimensions,
    IntervalWord: interval,
    Timezone: timezone,
    Compare: compare,
    FiguresOrder: figures_order,
    ScaleWord: scale,
    ErrorsOrder: errors_order,
    MetricOfEach: metric_of_each,
    DimensionName: dimension,
    LiveDimension: live_dimension,
    ProblemCode: problem_code,
    EventsSort: events_sort,
    TextList: text_list,
    ResolutionText: resolution,
}

/// A problem's name for programs.
fn problem_code() -> Object {
    words(super::super::problem::CODES)
}

/// The order of a session's events.
fn events_sort() -> Object {
    words(&["event_timestamp", "-event_timestamp"])
}

/// Texts behind commas.
fn text_list() -> Object {
    pattern(r"[^\u0000]*")
}

/// How fine a timeline is.
fn resolution() -> Object {
    pattern("raw|0*[1-9][0-9]{0,9}(ms|s|m|h|d)")
}

/// RFC 3339 or epoch ms.
fn moment() -> Schema {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    let epoch_ms = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0))
        .maximum(Some(MAX_TIME_MS));
    let either = OneOfBuilder::new().item(text).item(epoch_ms);
    Schema::OneOf(either.build())
}

/// `30m`, `24h`, `7d`.
fn length() -> Object {
    let secs = MAX_DAYS * 86_400;
    let units = [
        ("s", 1),
        ("m", 60),
        ("h", 3600),
        ("d", 86_400),
        ("w", 7 * 86_400),
    ];
    let lengths = units.map(|(unit, unit_secs)| format!("({}){unit}", up_to(secs / unit_secs)));
    pattern(&lengths.join("|"))
}

/// Which time of a session.
fn clock() -> Object {
    words(&["started", "ended"])
}

/// Whether the period before is told, too.
fn compare() -> Object {
    words(&["none", "previous"])
}

/// The lengths of a series' stretches.
fn interval() -> Object {
    let names: Vec<&str> = INTERVALS.iter().map(|(name, _)| *name).collect();
    words(&names)
}

/// A name that PostgreSQL knows.
fn timezone() -> Object {
    formatted("timezone")
}

/// `next_cursor` of an earlier answer.
fn cursor() -> Object {
    formatted("cursor")
}

/// How buckets grow.
fn scale() -> Object {
    words(&["linear", "log"])
}

/// Whether sessions go on.
fn status() -> Object {
    words(&["finished", "live"])
}

/// A field, `-` before it for the largest first.
fn sort() -> Object {
    let names: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
    pattern(&format!("-?({})", names.join("|")))
}

/// By what errors are ordered.
fn errors_order() -> Object {
    let names = crate::storage::query::ERRORS_ORDERS.join("|");
    pattern(&format!("-?({names})"))
}

/// A metric of which each session has a value.
fn metric_of_each() -> Object {
    let each = MEASURES.iter().filter(|measure| measure.has_histogram());
    words(&each.map(|measure| measure.name).collect::<Vec<_>>())
}

/// `name` or `name:aggregation`.
fn metrics() -> Array {
    let metrics = MEASURES.iter().map(|measure| {
        let aggregations: Vec<&str> = measure.aggregations().collect();
        format!("{}(:({}))?", measure.name, aggregations.join("|"))
    });
    let one = pattern(&metrics.collect::<Vec<_>>().join("|"));
    ArrayBuilder::new()
        .items(one)
        .min_items(Some(1))
        .max_items(Some(10))
        .unique_items(true)
        .build()
}

/// The order of groups: a metric that is asked for.
fn figures_order() -> Object {
    let names: Vec<&str> = MEASURES.iter().map(|measure| measure.name).collect();
    pattern(&format!("-?(impact:)?({})(:[a-z0-9]+)?", names.join("|")))
}

/// What sessions can be grouped by.
fn dimension() -> Object {
    let dimensions = FIELDS.iter().filter(|field| field.dimension.is_some());
    let names: Vec<&str> = dimensions.map(|field| field.name).collect();
    pattern(&format!("{}|{CUSTOM}", names.join("|")))
}

/// What live sessions can be grouped by.
fn live_dimension() -> Object {
    words(&Dimension::ALL.map(Dimension::column))
}

/// Up to two of them.
fn dimensions() -> Array {
    ArrayBuilder::new()
        .items(dimension())
        .max_items(Some(2))
        .unique_items(true)
        .build()
}

/// Filters that must all hold.
fn filters() -> Array {
    ArrayBuilder::new()
        .items(RefOr::<Schema>::Ref(Ref::from_schema_name(FILTER)))
        .build()
}

fn words(words: &[&str]) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words.iter().copied()))
        .build()
}

pub(super) fn pattern(alternatives: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(format!("^({alternatives})$")))
        .build()
}

fn formatted(format: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom(format.to_owned())))
        .build()
}

/// The whole numbers from 1 to this one, as a pattern.
fn up_to(last: i64) -> String {
    let digits: Vec<char> = last.to_string().chars().collect();
    let mut alternatives = Vec::new();
    if digits.len() > 1 {
        alternatives.push(format!("[1-9][0-9]{{0,{}}}", digits.len() - 2));
    }
    let mut same = String::new();
    for (at, digit) in digits.iter().enumerate() {
        let least = if at == 0 { '1' } else { '0' };
        let below = char::from_u32(u32::from(*digit) - 1).unwrap_or('0');
        if below >= least {
            let rest = digits.len() - at - 1;
            alternatives.push(format!("{same}[{least}-{below}][0-9]{{{rest}}}"));
        }
        same.push(*digit);
    }
    alternatives.push(same);
    alternatives.join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_up_to_one_are_those_and_no_others() {
        assert_eq!(
            up_to(522),
            "[1-9][0-9]{0,1}|[1-4][0-9]{2}|5[0-1][0-9]{1}|52[0-1][0-9]{0}|522"
        );
        assert_eq!(up_to(7), "[1-6][0-9]{0}|7");
        assert_eq!(up_to(10), "[1-9][0-9]{0,0}|10");
    }
}
