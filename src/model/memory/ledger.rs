//! The one ledger: every resident byte of a server under (mechanism, owner).
//!
//! An *owner* is the server itself, a stored resource held by the server, or a client fleet with
//! the resource it reads. Entries are dense (`owner * mechanisms + mechanism`), integer, and the
//! total is changed by exactly what an entry is changed by: the sum over entries is the total,
//! always. The total is the server's resident memory.

use crate::results::{Holder, Mechanism};
use crate::units::Bytes;

/// Number of mechanisms.
pub const MECHANISMS: usize = Mechanism::ALL.len();

/// On whose behalf bytes are held. See [`Owners`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerId(pub u32);

/// An entry of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(u32);

impl OwnerId {
    /// The server itself.
    pub const SERVER: Self = Self(0);

    /// The owner's entry for a mechanism.
    #[must_use]
    pub fn entry(self, mechanism: Mechanism) -> EntryId {
        EntryId(self.0 * MECHANISMS as u32 + mechanism as u32)
    }
}

impl EntryId {
    /// The entry's owner.
    #[must_use]
    pub fn owner(self) -> OwnerId {
        OwnerId(self.0 / MECHANISMS as u32)
    }

    /// The entry's mechanism.
    #[must_use]
    pub fn mechanism(self) -> Mechanism {
        Mechanism::ALL[self.index() % MECHANISMS]
    }

    /// Where bytes of this entry go when nothing refers to them any more.
    #[must_use]
    pub fn garbage(self) -> Self {
        self.owner().entry(Mechanism::Garbage)
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// Names of the owners: the server, then the resources, then the fleets.
#[derive(Clone, Debug, Default)]
pub struct Owners {
    /// (client, resource), by owner.
    pub names: Vec<(String, String)>,
}

/// The resident bytes of one server.
#[derive(Clone, Debug)]
pub struct Ledger {
    bytes: Vec<u64>,
    by_mechanism: [u64; MECHANISMS],
    total: u64,
}

impl Ledger {
    /// An empty ledger for so many owners.
    #[must_use]
    pub fn new(owners: usize) -> Self {
        Self { bytes: vec![0; owners * MECHANISMS], by_mechanism: [0; MECHANISMS], total: 0 }
    }

    /// Adds to an entry.
    pub fn add(&mut self, entry: EntryId, bytes: u64) {
        self.bytes[entry.index()] += bytes;
        self.by_mechanism[entry.index() % MECHANISMS] += bytes;
        self.total += bytes;
    }

    /// Takes from an entry.
    ///
    /// # Panics
    /// When it holds less: a run whose books are wrong must not end in a figure.
    pub fn take(&mut self, entry: EntryId, bytes: u64) {
        assert!(self.bytes[entry.index()] >= bytes, "{entry:?} holds less than {bytes}");
        self.bytes[entry.index()] -= bytes;
        self.by_mechanism[entry.index() % MECHANISMS] -= bytes;
        self.total -= bytes;
    }

    /// Moves bytes from one entry to another.
    pub fn shift(&mut self, from: EntryId, to: EntryId, bytes: u64) {
        self.take(from, bytes);
        self.add(to, bytes);
    }

    /// Bytes of an entry.
    #[must_use]
    pub fn get(&self, entry: EntryId) -> u64 {
        self.bytes[entry.index()]
    }

    /// Bytes of a mechanism, over all owners.
    #[must_use]
    pub fn mechanism(&self, mechanism: Mechanism) -> u64 {
        self.by_mechanism[mechanism as usize]
    }

    /// Resident memory.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Every mechanism's bytes, in chart order; they sum to the total.
    #[must_use]
    pub fn by_mechanism(&self) -> [Bytes; MECHANISMS] {
        self.by_mechanism.map(Bytes)
    }

    /// Empties every entry: the process died.
    pub fn clear(&mut self) {
        self.bytes.fill(0);
        self.by_mechanism = [0; MECHANISMS];
        self.total = 0;
    }

    /// Entries that hold something, in order.
    pub fn entries(&self) -> impl Iterator<Item = (EntryId, u64)> + '_ {
        self.bytes
            .iter()
            .enumerate()
            .filter(|(_, bytes)| **bytes > 0)
            .map(|(index, bytes)| (EntryId(index as u32), *bytes))
    }

    /// The entries as holders, largest first; they sum to the total.
    #[must_use]
    pub fn holders(&self, owners: &Owners) -> Vec<Holder> {
        let mut holders: Vec<Holder> = self
            .entries()
            .map(|(entry, bytes)| {
                let (client, resource) = &owners.names[entry.owner().0 as usize];
                Holder {
                    mechanism: entry.mechanism(),
                    client: client.clone(),
                    resource: resource.clone(),
                    bytes: Bytes(bytes),
                }
            })
            .collect();
        holders.sort_by_key(|holder| std::cmp::Reverse(holder.bytes));
        holders
    }

    /// Panics unless the sums agree: run by the checkers in tests.
    ///
    /// # Panics
    /// When an entry was changed without the totals.
    pub fn check(&self) {
        assert_eq!(self.bytes.iter().sum::<u64>(), self.total, "entries must sum to the total");
        assert_eq!(self.by_mechanism.iter().sum::<u64>(), self.total, "mechanisms must too");
    }
}
