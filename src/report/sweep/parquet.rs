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
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Nothing yet; it is written as text.
    Empty,
    Whole,
    Real,
    Text,
}

impl Kind {
    /// With one more cell: what can hold both.
    const fn with(self, cell: &Cell) -> Self {
        match (self, cell) {
            (kind, Cell::Nothing) => kind,
            (Self::Empty | Self::Whole, Cell::Whole(_)) => Self::Whole,
            (Self::Empty | Self::Whole | Self::Real, Cell::Real(_))
            | (Self::Real, Cell::Whole(_)) => Self::Real,
            (Self::Empty | Self::Whole | Self::Real | Self::Text, Cell::Text(_))
            | (Self::Text, Cell::Whole(_) | Cell::Real(_)) => Self::Text,
        }
    }
}

/// What the columns of a table hold: rows are looked at before any is written.
#[derive(Clone, Debug)]
pub struct Kinds(Vec<Kind>);

impl Kinds {
    /// Of a table without rows.
    #[must_use]
    pub fn of(head: &SweepHead) -> Self {
        Self(vec![Kind::Empty; names(head).len()])
    }

    /// Looks at a row.
    pub fn look(&mut self, head: &SweepHead, row: &PointRow) {
        for (at, kind) in self.0.iter_mut().enumerate() {
            *kind = kind.with(&cell(head, row, at));
        }
    }
}

/// Rows of a group: so many are in memory at a time.
const GROUP: usize = 1 << 15;

/// Writes `points.parquet`: row groups of at most `GROUP` rows, no compression, every column optional.
///
/// # Errors
/// Those of the writer and of the rows.
pub fn write<E: Into<io::Error>>(
    out: &mut dyn Write,
    head: &SweepHead,
    kinds: &Kinds,
    rows: impl Iterator<Item = Result<PointRow, E>>,
) -> io::Result<()> {
    let mut table = Table::begin(&names(head), kinds, &head.tool_version)?;
    let mut group = Vec::with_capacity(GROUP.min(head.points as usize));
    for row in rows {
        group.push(row.map_err(Into::into)?);
        if group.len() == GROUP {
            table.group(|at| group.iter().map(|row| cell(head, row, at)).collect())?;
            table.pour(out)?;
            group.clear();
        }
    }
    if !group.is_empty() {
        table.group(|at| group.iter().map(|row| cell(head, row, at)).collect())?;
    }
    out.write_all(&table.end()?)
}

/// A table being written: its bytes are in memory until they are poured out.
struct Table {
    kinds: Vec<Kind>,
    writer: SerializedFileWriter<Vec<u8>>,
}

impl Table {
    fn begin(names: &[String], kinds: &Kinds, version: &str) -> Result<Self, ParquetError> {
        let kinds = kinds.0.clone();
        let fields: Result<Vec<TypePtr>, _> =
            names.iter().zip(&kinds).map(|(name, kind)| field(name, *kind)).collect();
        let schema = Type::group_type_builder("points").with_fields(fields?).build()?;
        let properties =
            WriterProperties::builder().set_created_by(format!("oomcast {version}")).build();
        let writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
        Ok(Self { kinds, writer })
    }

    /// Adds rows by their columns; the cells of one are in memory at a time.
    fn group(&mut self, cells: impl Fn(usize) -> Vec<Cell>) -> Result<(), ParquetError> {
        let mut group = self.writer.next_row_group()?;
        for (at, kind) in self.kinds.iter().enumerate() {
            column(&mut group, &cells(at), *kind)?;
        }
        group.close()?;
        Ok(())
    }

    /// Hands over what is encoded.
    fn pour(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.writer.flush()?;
        out.write_all(&std::mem::take(self.writer.inner_mut()))
    }

    fn end(self) -> Result<Vec<u8>, ParquetError> {
        self.writer.into_inner()
    }
}

fn field(name: &str, kind: Kind) -> Result<TypePtr, ParquetError> {
    let (physical, logical) = match kind {
        Kind::Whole => (Physical::INT64, None),
        Kind::Real => (Physical::DOUBLE, None),
        Kind::Empty | Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
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
        Kind::Empty | Kind::Text => {
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

    fn encoded(groups: &[Vec<Vec<Cell>>]) -> Vec<u8> {
        let names = ["point", "share", "policy", "error"].map(str::to_owned);
        let mut kinds = Kinds(vec![Kind::Empty; names.len()]);
        for row in groups.iter().flatten() {
            kinds.0 = kinds.0.iter().zip(row).map(|(kind, cell)| kind.with(cell)).collect();
        }
        let mut table = Table::begin(&names, &kinds, "1").expect("begun");
        let mut bytes = Vec::new();
        for group in groups {
            table.group(|at| group.iter().map(|row| row[at].clone()).collect()).expect("encoded");
            table.pour(&mut bytes).expect("poured");
        }
        bytes.extend(table.end().expect("ended"));
        bytes
    }

    #[test]
    fn what_is_written_reads_back() {
        let rows = [
            vec![Cell::Whole(0), Cell::Real(0.25), Cell::Text("random".into()), Cell::Nothing],
            vec![Cell::Whole(1), Cell::Nothing, Cell::Text("ü".into()), Cell::Nothing],
        ];
        // As one group of rows or as several.
        for groups in [vec![rows.to_vec()], vec![vec![rows[0].clone()], vec![rows[1].clone()]]] {
            let bytes = encoded(&groups);
            assert_eq!(encoded(&groups), bytes);
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
    }

    #[test]
    fn a_column_holds_what_all_its_cells_can_be() {
        let of = |cells: &[Cell]| cells.iter().fold(Kind::Empty, Kind::with);
        let (whole, real, text) = (Cell::Whole(1), Cell::Real(0.5), Cell::Text("a".into()));
        assert_eq!(of(&[Cell::Nothing]), Kind::Empty);
        assert_eq!(of(&[whole.clone(), Cell::Nothing]), Kind::Whole);
        for order in [[whole.clone(), real.clone()], [real, whole.clone()]] {
            assert_eq!(of(&order), Kind::Real);
        }
        for order in [[whole.clone(), text.clone()], [text, whole]] {
            assert_eq!(of(&order), Kind::Text);
        }
    }

    #[test]
    fn a_sweep_without_points_is_a_table_too() {
        assert!(SerializedFileReader::new(bytes::Bytes::from(encoded(&[]))).is_ok());
    }
}
