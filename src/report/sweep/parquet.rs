//! `points.parquet`: the columns of `points.csv` with their types, for `DuckDB`, pandas and Polars.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};

use super::columns::{Cell, cell, names};
use crate::results::{PointRow, SweepHead};

/// What a column holds.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Whole,
    Real,
    Text,
}

/// Writes `points.parquet`: one row group, no compression, every column optional. The cells of one column
/// are in memory at a time.
///
/// # Errors
/// Those of the writer.
pub fn write(out: &mut dyn Write, head: &SweepHead, rows: &[PointRow]) -> io::Result<()> {
    let column = |at: usize| -> Vec<Cell> { rows.iter().map(|row| cell(head, row, at)).collect() };
    let bytes = encode(&names(head), column, &head.tool_version).map_err(io::Error::other)?;
    out.write_all(&bytes)
}

fn encode(
    names: &[String],
    cells: impl Fn(usize) -> Vec<Cell>,
    version: &str,
) -> Result<Vec<u8>, ParquetError> {
    let kinds: Vec<Kind> = (0..names.len()).map(|at| kind(&cells(at))).collect();
    let fields: Result<Vec<TypePtr>, _> =
        names.iter().zip(&kinds).map(|(name, kind)| field(name, *kind)).collect();
    let schema = Type::group_type_builder("points").with_fields(fields?).build()?;
    let properties =
        WriterProperties::builder().set_created_by(format!("oomcast {version}")).build();
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    for (at, kind) in kinds.into_iter().enumerate() {
        column(&mut group, &cells(at), kind)?;
    }
    group.close()?;
    writer.close()?;
    Ok(bytes)
}

/// Of what the cells are; a column without any is taken for text, as is a mixed one.
fn kind(cells: &[Cell]) -> Kind {
    let mut known = cells.iter().filter(|cell| **cell != Cell::Nothing).peekable();
    if known.peek().is_none() {
        return Kind::Text;
    }
    if known.clone().all(|cell| matches!(cell, Cell::Whole(_))) {
        return Kind::Whole;
    }
    if known.all(|cell| matches!(cell, Cell::Real(_) | Cell::Whole(_))) {
        return Kind::Real;
    }
    Kind::Text
}

fn field(name: &str, kind: Kind) -> Result<TypePtr, ParquetError> {
    let (physical, logical) = match kind {
        Kind::Whole => (Physical::INT64, None),
        Kind::Real => (Physical::DOUBLE, None),
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
    };
    let builder = Type::primitive_type_builder(name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
    Ok(Arc::new(builder.build()?))
}

fn column<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    cells: &[Cell],
    kind: Kind,
) -> Result<(), ParquetError> {
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(*cell != Cell::Nothing)).collect();
    let Some(mut column) = group.next_column()? else {
        return Ok(());
    };
    match kind {
        Kind::Whole => {
            let whole = cells.iter().filter_map(|cell| match cell {
                Cell::Whole(n) => Some(i64::try_from(*n).unwrap_or(i64::MAX)),
                _ => None,
            });
            let values: Vec<i64> = whole.collect();
            column.typed::<Int64Type>().write_batch(&values, Some(&levels), None)?;
        }
        Kind::Real => {
            let real = cells.iter().filter_map(|cell| match cell {
                Cell::Real(x) => Some(*x),
                Cell::Whole(n) => Some(*n as f64),
                _ => None,
            });
            let values: Vec<f64> = real.collect();
            column.typed::<DoubleType>().write_batch(&values, Some(&levels), None)?;
        }
        Kind::Text => {
            let text = cells.iter().filter(|cell| **cell != Cell::Nothing).map(|cell| match cell {
                Cell::Text(text) => ByteArray::from(text.as_str()),
                Cell::Whole(n) => ByteArray::from(n.to_string().as_str()),
                Cell::Real(x) => ByteArray::from(x.to_string().as_str()),
                Cell::Nothing => ByteArray::new(),
            });
            let values: Vec<ByteArray> = text.collect();
            column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None)?;
        }
    }
    column.close()
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let names = ["point", "share", "policy", "error"].map(str::to_owned);
        let table = [
            vec![Cell::Whole(0), Cell::Real(0.25), Cell::Text("random".into()), Cell::Nothing],
            vec![Cell::Whole(1), Cell::Nothing, Cell::Text("ü".into()), Cell::Nothing],
        ];
        let column = |at: usize| -> Vec<Cell> { table.iter().map(|row| row[at].clone()).collect() };
        let bytes = encode(&names, column, "1").expect("encoded");
        assert_eq!(encode(&names, column, "1").expect("encoded"), bytes);
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).expect("a file");
        let rows: Vec<String> = reader
            .get_row_iter(None)
            .expect("rows")
            .map(|row| row.expect("a row").to_string())
            .collect();
        let expected = [
            "{point: 0, share: 0.25, policy: \"random\", error: null}",
            "{point: 1, share: null, policy: \"ü\", error: null}",
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn a_sweep_without_points_is_a_table_too() {
        assert!(encode(&["point".to_owned()], |_| Vec::new(), "1").is_ok());
    }
}
