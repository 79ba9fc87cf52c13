//! Numbers of servers, clients, fleets and resources, each a type of its own, and the tables they
//! index: a server's number cannot be taken for a client's.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut, Range};

/// A number that counts things of one kind from 0.
pub trait Id: Copy {
    /// The number, as a place in a table.
    fn index(self) -> usize;
    /// The number of the thing at a place in a table.
    fn at(index: usize) -> Self;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($number:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $number);

        impl Id for $name {
            #[inline]
            fn index(self) -> usize {
                self.0 as usize
            }

            #[inline]
            fn at(index: usize) -> Self {
                Self(index as $number)
            }
        }

        /// For hashes: the trace of a run, and the keys of random streams.
        impl From<$name> for u64 {
            fn from(id: $name) -> Self {
                Self::from(id.0)
            }
        }
    )*};
}

ids! {
    /// A kube-apiserver: its place among [`Inputs::apiserver`](super::input::Inputs)'s replicas.
    ServerId(u16);
    /// A client: its place among the members of all fleets, fleet after fleet.
    ClientId(u32);
    /// A fleet: its place in [`Inputs::fleets`](super::input::Inputs).
    FleetId(u32);
    /// A resource: its place in [`Inputs::resources`](super::input::Inputs).
    ResourceId(u16);
}

/// Numbers in ascending order.
pub type Ids<I> = std::iter::Map<Range<usize>, fn(usize) -> I>;

/// All numbers of `count` things.
pub fn all<I: Id>(count: usize) -> Ids<I> {
    (0..count).map(I::at)
}

/// One thing for each number of a kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Table<I, T> {
    rows: Vec<T>,
    of: PhantomData<I>,
}

impl<I, T> Default for Table<I, T> {
    fn default() -> Self {
        Self { rows: Vec::new(), of: PhantomData }
    }
}

impl<I: Id, T> Table<I, T> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds the next; returns its number.
    pub fn push(&mut self, row: T) -> I {
        self.rows.push(row);
        I::at(self.rows.len() - 1)
    }

    /// The numbers; they do not borrow the table.
    pub fn ids(&self) -> Ids<I> {
        all(self.rows.len())
    }

    /// The thing of a number, if there is one.
    #[must_use]
    pub fn get(&self, id: I) -> Option<&T> {
        self.rows.get(id.index())
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, id: I) -> Option<&mut T> {
        self.rows.get_mut(id.index())
    }

    /// All, in order, without their numbers.
    #[must_use]
    pub fn into_rows(self) -> Vec<T> {
        self.rows
    }

    /// All, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.rows.iter()
    }

    /// All, to be changed.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.rows.iter_mut()
    }

    /// All with their numbers.
    #[must_use]
    pub fn pairs(&self) -> impl DoubleEndedIterator<Item = (I, &T)> {
        self.rows.iter().enumerate().map(|(index, row)| (I::at(index), row))
    }
}

impl<I, T: Clone> Table<I, T> {
    /// `count` times the same.
    #[must_use]
    pub fn filled(row: T, count: usize) -> Self {
        Self { rows: vec![row; count], of: PhantomData }
    }

    /// Sets all to the same.
    pub fn fill(&mut self, row: T) {
        self.rows.fill(row);
    }
}

impl<I, T> FromIterator<T> for Table<I, T> {
    fn from_iter<S: IntoIterator<Item = T>>(rows: S) -> Self {
        Self { rows: rows.into_iter().collect(), of: PhantomData }
    }
}

impl<I: Id, T> Extend<T> for Table<I, T> {
    fn extend<S: IntoIterator<Item = T>>(&mut self, rows: S) {
        self.rows.extend(rows);
    }
}

impl<I: Id, T> Index<I> for Table<I, T> {
    type Output = T;

    #[inline]
    fn index(&self, id: I) -> &T {
        &self.rows[id.index()]
    }
}

impl<I: Id, T> IndexMut<I> for Table<I, T> {
    #[inline]
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.rows[id.index()]
    }
}

impl<'a, I: Id, T> IntoIterator for &'a Table<I, T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.iter()
    }
}

impl<'a, I: Id, T> IntoIterator for &'a mut Table<I, T> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_indexed_by_its_own_numbers() {
        let mut table: Table<FleetId, u64> = [10, 20].into_iter().collect();
        let third = table.push(30);
        table[third] += 1;
        assert_eq!(third, FleetId(2));
        assert_eq!(table.ids().map(|fleet| table[fleet]).collect::<Vec<_>>(), [10, 20, 31]);
        assert_eq!(table.get(FleetId(3)), None);
    }
}
