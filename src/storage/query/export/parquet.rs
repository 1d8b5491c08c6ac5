//! Apache Parquet, written row group by row group as the rows come, so that memory holds one group.
//! Every column may be NULL. Text is UTF-8, times are microseconds in UTC, JSON is JSON; compression
//! is Snappy.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, LogicalType, TimeUnit, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};
use tokio::task::block_in_place;

use super::cell::Cell;
use super::encoder::Encoder;
use super::{Column, ColumnKind};
use crate::storage::StorageError;

/// Rows of a group ...
const GROUP_ROWS: usize = 16_384;
/// ... unless their text and JSON are longer than this.
const GROUP_TEXT_BYTES: usize = 16 * 1024 * 1024;

pub(super) struct Parquet {
    /// `None` once it is closed.
    writer: Option<SerializedFileWriter<Vec<u8>>>,
    columns: Vec<Gathered>,
    rows: usize,
    text_bytes: usize,
    /// What was taken from the writer.
    bytes: Vec<u8>,
}

/// A group's values of a column that are known, and for each row whether its value is (1) or not (0).
struct Gathered {
    levels: Vec<i16>,
    values: Values,
}

enum Values {
    /// Ends of the texts within their bytes.
    Texts(Vec<usize>, Vec<u8>),
    Integers(Vec<i64>),
    Numbers(Vec<f64>),
    Booleans(Vec<bool>),
}

impl Parquet {
    pub(super) fn new(columns: &[Column]) -> Result<Self, StorageError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            // Indexes of pages would be kept in memory until the end.
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_created_by(concat!("video-telemetry ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let schema = schema(columns).map_err(broken)?;
        let writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties));
        Ok(Self {
            writer: Some(writer.map_err(broken)?),
            columns: columns.iter().map(|it| Gathered::new(it.kind)).collect(),
            rows: 0,
            text_bytes: 0,
            bytes: Vec::new(),
        })
    }

    /// Writes what is gathered as a row group. That takes some 40 ms, too long for the others on the
    /// same thread.
    fn write_group(&mut self) -> Result<(), ParquetError> {
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        let mut group = writer.next_row_group()?;
        for column in &mut self.columns {
            let Some(into) = group.next_column()? else {
                break;
            };
            column.write(into)?;
        }
        group.close()?;
        (self.rows, self.text_bytes) = (0, 0);
        self.take_written()
    }

    fn take_written(&mut self) -> Result<(), ParquetError> {
        if let Some(writer) = &mut self.writer {
            writer.flush()?;
            self.bytes.append(writer.inner_mut());
        }
        Ok(())
    }
}

impl Encoder for Parquet {
    fn cell(&mut self, at: usize, cell: Cell<'_>) {
        let Some(column) = self.columns.get_mut(at) else {
            return;
        };
        column.levels.push(i16::from(cell != Cell::Null));
        match (cell, &mut column.values) {
            (Cell::Text(text) | Cell::Json(text), Values::Texts(ends, bytes)) => {
                bytes.extend_from_slice(text.as_bytes());
                ends.push(bytes.len());
                self.text_bytes += text.len();
            }
            (Cell::Integer(it) | Cell::Time(it), Values::Integers(values)) => values.push(it),
            (Cell::Number(it), Values::Numbers(values)) => values.push(it),
            (Cell::Boolean(it), Values::Booleans(values)) => values.push(it),
            // A cell is of its column's kind.
            _ => {}
        }
    }

    fn end_row(&mut self) -> Result<(), StorageError> {
        self.rows += 1;
        if self.rows >= GROUP_ROWS || self.text_bytes >= GROUP_TEXT_BYTES {
            block_in_place(|| self.write_group()).map_err(broken)?;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), StorageError> {
        if self.rows > 0 {
            block_in_place(|| self.write_group()).map_err(broken)?;
        }
        if let Some(writer) = self.writer.take() {
            self.bytes.append(&mut writer.into_inner().map_err(broken)?);
        }
        Ok(())
    }

    fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

impl Gathered {
    fn new(kind: ColumnKind) -> Self {
        Self {
            levels: Vec::new(),
            values: match kind {
                ColumnKind::Text | ColumnKind::Json => Values::Texts(Vec::new(), Vec::new()),
                ColumnKind::Integer | ColumnKind::Time => Values::Integers(Vec::new()),
                ColumnKind::Number => Values::Numbers(Vec::new()),
                ColumnKind::Boolean => Values::Booleans(Vec::new()),
            },
        }
    }

    /// Writes the values and forgets them.
    fn write(&mut self, into: SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let levels = &self.levels;
        match &mut self.values {
            Values::Texts(ends, bytes) => {
                let bytes = Bytes::from(std::mem::take(bytes));
                let mut begin = 0;
                let texts = ends.drain(..).map(|end| {
                    ByteArray::from(bytes.slice(std::mem::replace(&mut begin, end)..end))
                });
                let texts: Vec<ByteArray> = texts.collect();
                write::<ByteArrayType>(into, &texts, levels)?;
            }
            Values::Integers(values) => {
                write::<Int64Type>(into, values, levels)?;
                values.clear();
            }
            Values::Numbers(values) => {
                write::<DoubleType>(into, values, levels)?;
                values.clear();
            }
            Values::Booleans(values) => {
                write::<BoolType>(into, values, levels)?;
                values.clear();
            }
        }
        self.levels.clear();
        Ok(())
    }
}

fn write<T: DataType>(
    mut into: SerializedColumnWriter<'_>,
    values: &[T::T],
    levels: &[i16],
) -> Result<(), ParquetError> {
    into.typed::<T>().write_batch(values, Some(levels), None)?;
    into.close()
}

fn schema(columns: &[Column]) -> Result<TypePtr, ParquetError> {
    let fields = columns.iter().map(|column| {
        let (physical, logical) = match column.kind {
            ColumnKind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            ColumnKind::Json => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
            ColumnKind::Time => {
                let micros = LogicalType::timestamp(true, TimeUnit::MICROS);
                (Physical::INT64, Some(micros))
            }
            ColumnKind::Integer => (Physical::INT64, None),
            ColumnKind::Number => (Physical::DOUBLE, None),
            ColumnKind::Boolean => (Physical::BOOLEAN, None),
        };
        // Unless told otherwise a column may be NULL.
        let field = Type::primitive_type_builder(column.name, physical);
        field.with_logical_type(logical).build().map(Arc::new)
    });
    let fields = fields.collect::<Result<_, _>>()?;
    let rows = Type::group_type_builder("rows").with_fields(fields);
    rows.build().map(Arc::new)
}

#[expect(clippy::needless_pass_by_value, reason = "it is a map_err target")]
fn broken(error: ParquetError) -> StorageError {
    StorageError::ExportBroken(error.to_string())
}
