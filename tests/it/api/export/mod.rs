//! `GET /api/v1/export/…`: files of sessions and events.

mod ends;
mod events;
mod sessions;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use serde_json::{Map, Value, json};

use crate::support::Server;

impl Server {
    /// A file's bytes.
    pub async fn file(&self, path: &str, parameters: &[(&str, &str)]) -> Vec<u8> {
        let mut url = reqwest::Url::parse(&self.url(path)).unwrap();
        url.query_pairs_mut().extend_pairs(parameters);
        let response = self.client.get(url).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path} {parameters:?}");
        response.bytes().await.unwrap().to_vec()
    }

    /// A file of lines of JSON.
    pub async fn lines(&self, path: &str, parameters: &[(&str, &str)]) -> Vec<Value> {
        let file = String::from_utf8(self.file(path, parameters).await).unwrap();
        assert!(file.is_empty() || file.ends_with("}\n"));
        let lines = file.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap()
    }

    /// A CSV file: its header, then its rows.
    pub async fn csv(&self, path: &str, parameters: &[(&str, &str)]) -> Vec<Vec<String>> {
        let file = self.file(path, parameters).await;
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(file.as_slice());
        let rows = reader.records().map(|row| {
            let row = row.unwrap();
            row.iter().map(str::to_owned).collect()
        });
        rows.collect()
    }

    /// The rows of a Parquet file.
    pub async fn parquet(&self, path: &str, parameters: &[(&str, &str)]) -> Vec<Value> {
        let file = self.file(path, parameters).await;
        let reader = SerializedFileReader::new(bytes::Bytes::from(file)).unwrap();
        let rows = reader.get_row_iter(None).unwrap();
        rows.map(|row| object(&row.unwrap())).collect()
    }
}

/// A row of Parquet as JSON; its times are epoch µs.
fn object(row: &Row) -> Value {
    let columns = row.get_column_iter().map(|(name, field)| {
        let value = match field {
            Field::Null => Value::Null,
            Field::Bool(it) => json!(it),
            Field::Long(it) | Field::TimestampMicros(it) => json!(it),
            Field::Double(it) => json!(it),
            Field::Str(it) => json!(it),
            other => panic!("{name} is {other:?}"),
        };
        (name.clone(), value)
    });
    Value::Object(columns.collect::<Map<_, _>>())
}

/// One column of every row.
fn column(rows: &[Value], name: &str) -> Vec<Value> {
    rows.iter().map(|row| row[name].clone()).collect()
}
