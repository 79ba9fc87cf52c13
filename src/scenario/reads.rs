//! What a client reads: one thing, or several in one process.
//!
//! A client with several reads is several fleets of the model: the first has the connections, the
//! others are parts of it. All of this room goes through them in one order, that of [`of`].

use crate::language::{Resolved, Span, Value};

/// How something is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Reflector,
    Lister,
    Watcher,
}

/// The keys of a single read, and of several by name.
const KEYS: [(Kind, &str, &str); 3] = [
    (Kind::Reflector, "reflector", "reflectors"),
    (Kind::Lister, "lister", "listers"),
    (Kind::Watcher, "watcher", "watchers"),
];

/// What a member of a client does.
pub(super) struct Read<'r> {
    pub(super) kind: Kind,
    /// Its table.
    pub(super) table: &'r Resolved,
}

/// All reads of a client: the single one, then reflectors, listers and watchers as written.
pub(super) fn of(client: &Resolved) -> impl Iterator<Item = Read<'_>> {
    let single = KEYS
        .into_iter()
        .filter_map(|(kind, key, _)| Some(Read { kind, table: client.table(key)? }));
    let several = KEYS.into_iter().flat_map(|(kind, _, plural)| {
        client.named(plural).iter().map(move |(_, _, table)| Read { kind, table })
    });
    single.chain(several)
}

/// The reads of a client of one kind, to change them.
pub(super) fn each_mut(client: &mut Resolved, kind: Kind, mut change: impl FnMut(&mut Resolved)) {
    for (_, single, plural) in KEYS.into_iter().filter(|(of, _, _)| *of == kind) {
        if let Some(Value::Table(read)) = client.value_mut(single) {
            change(read);
        }
        if let Some(Value::Named(reads)) = client.value_mut(plural) {
            for (_, _, read) in reads {
                change(read);
            }
        }
    }
}

/// Where a client says that it reads several things, and names none.
pub(super) fn empty(client: &Resolved) -> Option<Span> {
    let bad = KEYS.iter().any(|(_, one, several)| client.is_bad(one) || client.is_bad(several));
    let said = KEYS.iter().find_map(|(_, _, several)| client.given(several));
    said.filter(|_| !bad && of(client).next().is_none())
}
