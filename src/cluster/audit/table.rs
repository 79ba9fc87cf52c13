//! The tables that requests are counted in.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::burst::burst;
use super::clock::{Cells, Gaps, Grid, Micros};
use super::event::{Event, Stage, User};
use super::request::{Request, Target, Verb, VersionAsked};
use super::{Client, Counted, Kind};
use crate::units::{Fnv, SimSpan, Sort};

/// Clients that the tables hold. The largest clusters have some hundred.
const MOST_CLIENTS: usize = 4_000;
/// Kinds of requests of all clients; each takes up to 3 kB.
const MOST_KINDS: usize = 12_000;
/// Instances of all clients: ten agents on 15 000 nodes.
const MOST_INSTANCES: usize = 150_000;
/// Kinds of all instances.
const MOST_PAIRS: usize = 600_000;
/// Users, Pods, addresses, selectors and namespaces that are told apart.
const MOST_DISTINCT: usize = 1_000_000;
/// What is kept of a name or a selector: the longest names of Kubernetes have 253 bytes.
const MOST_TEXT_BYTES: usize = 512;
/// What is kept of the groups of a user.
const MOST_GROUPS: usize = 32;
/// How long a watch stays open that names no time-out: the mean of what the server then takes
/// (`--min-request-timeout` 1800 s, times 1 to 2).
const UNNAMED_TIME_OUT: SimSpan = SimSpan::secs(2_700);
/// An event of a watch that comes so long after its arrival is its end, whatever its stage says: some
/// releases log "Connection closed early" as `ResponseStarted`.
const LATE_START: SimSpan = SimSpan::secs(60);
/// How long after its arrival the beginning of a watch is logged, at most (assumed).
const START_DELAY: SimSpan = SimSpan::millis(100);
/// The user of a server's requests to itself.
const LOOPBACK_USER: &str = "system:apiserver";

/// What users of kubelets begin with (`k8s.io/component-helpers/auth/node`, the node authorizer).
const NODE_USER: &str = "system:node:";

/// Values that are told apart by their hashes.
#[derive(Debug, Default)]
struct Distinct(HashSet<u64>);

#[derive(Debug, Default)]
struct ClientRow {
    seen: Client,
    users: Distinct,
    pods: Distinct,
    addresses: Distinct,
    kinds: Vec<usize>,
}

#[derive(Debug)]
struct InstanceRow {
    client: usize,
    first: Micros,
    last: Micros,
    open: u32,
}

#[derive(Debug, Default)]
struct KindRow {
    seen: Kind,
    gaps: Gaps,
    /// Of watches: opened less closed. Of writes: how many.
    cells: Cells,
    selectors: Distinct,
    namespaces: Distinct,
    /// Whether beginnings of watches are logged, not only ends.
    starts_logged: bool,
}

/// Everything that is counted.
#[derive(Debug)]
pub(super) struct Table {
    grid: Grid,
    /// Of watches: reaches to where they time out.
    horizon: Grid,
    client_rows: HashMap<u64, usize>,
    clients: Vec<ClientRow>,
    instance_rows: HashMap<u64, usize>,
    instances: Vec<InstanceRow>,
    kind_rows: HashMap<u64, usize>,
    kinds: Vec<KindRow>,
    /// When an instance last did something of a kind.
    pairs: HashMap<(usize, usize), Micros>,
    distinct: usize,
    /// What was counted besides.
    pub(super) counted: Counted,
    requests: u64,
}

impl Table {
    /// An empty table for logs that begin here.
    pub(super) fn new(from: Micros) -> Self {
        Self {
            grid: Grid::new(from),
            horizon: Grid::new(from),
            client_rows: HashMap::new(),
            clients: Vec::new(),
            instance_rows: HashMap::new(),
            instances: Vec::new(),
            kind_rows: HashMap::new(),
            kinds: Vec::new(),
            pairs: HashMap::new(),
            distinct: 0,
            counted: Counted::default(),
            requests: 0,
        }
    }

    /// Counts an event.
    pub(super) fn add(&mut self, event: &Event<'_>, received: Micros, at: Micros) {
        self.grid.cover(at);
        let request = Request::of(event);
        let watch = request.verb == Some(Verb::Watch);
        match event.stage() {
            Stage::RequestReceived => {
                self.counted.early_stages += 1;
                return;
            }
            Stage::ResponseStarted if !watch || event.code() >= 400 => {
                self.counted.early_stages += 1;
                return;
            }
            Stage::Panic => self.counted.panics += 1,
            Stage::ResponseStarted | Stage::ResponseComplete => {}
        }
        let nobody = User::default();
        let user = event.user().unwrap_or(&nobody);
        if user.name() == LOOPBACK_USER {
            self.counted.own += 1;
            return;
        }
        let begins = event.stage() == Stage::ResponseStarted && at.since(received) < LATE_START;
        let counts = if watch { begins } else { true };
        self.requests += u64::from(counts);
        let failed = event.code() >= 400 || event.stage() == Stage::Panic;
        if failed {
            self.counted.failed += 1;
            self.counted.throttled += u64::from(event.code() == 429);
        }
        let Some((client, instance)) = self.who(event, user, received.max(self.grid.from()), at)
        else {
            self.counted.beyond_tables += 1;
            return;
        };
        let row = &mut self.clients[client].seen;
        row.requests += u64::from(counts || failed);
        row.failed += u64::from(failed);
        row.gets += u64::from(event.verb() == "get");
        let (Some(verb), false) = (request.verb, failed) else { return };
        let Some(kind) = self.kind(client, verb, &request, at) else {
            self.counted.beyond_tables += 1;
            return;
        };
        match verb {
            Verb::Watch => self.watch(kind, instance, &request, (received, at), begins),
            Verb::List if request.continues => self.kinds[kind].seen.pages += 1,
            Verb::List => self.once(kind, instance, received),
            Verb::Create | Verb::Update | Verb::Patch | Verb::Delete => {
                self.once(kind, instance, received);
                self.kinds[kind].cells.add(&self.grid, at, 1);
            }
        }
    }

    /// A list or a write.
    fn once(&mut self, kind: usize, instance: usize, at: Micros) {
        let row = &mut self.kinds[kind];
        row.seen.count += 1;
        match self.pairs.get_mut(&(instance, kind)) {
            Some(last) => {
                row.gaps.add(at.since(*last));
                *last = at;
            }
            None => self.pair(kind, instance, at),
        }
    }

    fn pair(&mut self, kind: usize, instance: usize, at: Micros) {
        if self.pairs.len() < MOST_PAIRS {
            self.kinds[kind].seen.instances += 1;
            self.pairs.insert((instance, kind), at);
        } else {
            self.counted.beyond_tables += 1;
        }
    }

    /// The beginning or the end of a watch.
    fn watch(
        &mut self,
        kind: usize,
        instance: usize,
        request: &Request<'_>,
        (received, at): (Micros, Micros),
        begins: bool,
    ) {
        let lasts = request.timeout_seconds.map_or(UNNAMED_TIME_OUT, SimSpan::secs);
        let closes = received.plus(lasts);
        self.horizon.cover(closes.max(at));
        let row = &mut self.kinds[kind];
        let open = &mut self.instances[instance].open;
        if begins {
            row.starts_logged = true;
            row.seen.count += 1;
            row.seen.watch_lists += u64::from(request.watch_list);
            *open += 1;
            row.cells.add(&self.horizon, received, 1);
            row.cells.add(&self.horizon, closes, -1);
        } else if row.starts_logged && received.plus(START_DELAY) >= self.grid.from() {
            *open = open.saturating_sub(1);
            row.cells.add(&self.horizon, closes, 1);
            row.cells.add(&self.horizon, at, -1);
        } else {
            let seen = received > self.grid.from();
            row.seen.count += u64::from(seen);
            self.counted.open_before += u64::from(!seen);
            row.seen.watch_lists += u64::from(request.watch_list);
            row.cells.add(&self.horizon, received, 1);
            row.cells.add(&self.horizon, at, -1);
        }
        if !self.pairs.contains_key(&(instance, kind)) {
            self.pair(kind, instance, received);
        }
    }

    /// The client and the instance that ask.
    fn who(
        &mut self,
        event: &Event<'_>,
        user: &User<'_>,
        from: Micros,
        at: Micros,
    ) -> Option<(usize, usize)> {
        let pattern = user_pattern(user.name());
        let family = family(event.agent());
        let key = hash(&[&pattern, family]);
        let client = match self.client_rows.get(&key) {
            Some(row) => *row,
            None if self.clients.len() >= MOST_CLIENTS => return None,
            None => {
                let groups = user.groups().take(MOST_GROUPS).map(|group| cut(group).to_owned());
                let seen = Client {
                    user: cut(user.name()).to_owned(),
                    groups: groups.collect(),
                    agent: cut(event.agent()).to_owned(),
                    family: cut(family).to_owned(),
                    first: from,
                    last: at,
                    ..Client::default()
                };
                self.clients.push(ClientRow { seen, ..ClientRow::default() });
                self.client_rows.insert(key, self.clients.len() - 1);
                self.clients.len() - 1
            }
        };
        let account = hash(&[user.name(), user.uid()]);
        let (pod, pod_uid) = user.pod();
        let which = [pod, user.node()].into_iter().find(|name| !name.is_empty());
        let which = which.unwrap_or(event.address());
        let row = &mut self.clients[client];
        row.seen.first = row.seen.first.min(from);
        row.seen.last = row.seen.last.max(at);
        note(&mut row.users, account, &mut self.distinct);
        if !pod.is_empty() {
            note(&mut row.pods, hash(&[pod, pod_uid]), &mut self.distinct);
        } else if !user.node().is_empty() {
            note(&mut row.pods, hash(&[user.node()]), &mut self.distinct);
        }
        note(&mut row.addresses, hash(&[event.address()]), &mut self.distinct);
        let own = if pattern == user.name() { hash(&[which, pod_uid]) } else { 0 };
        let instance = Fnv::new().word(client as u64).word(account).word(own).value();
        let instance = match self.instance_rows.get(&instance) {
            Some(row) => *row,
            None if self.instances.len() >= MOST_INSTANCES => return None,
            None => {
                self.instance_rows.insert(instance, self.instances.len());
                self.instances.push(InstanceRow { client, first: from, last: at, open: 0 });
                self.instances.len() - 1
            }
        };
        let row = &mut self.instances[instance];
        row.first = row.first.min(from);
        row.last = row.last.max(at);
        Some((client, instance))
    }

    /// The kind of a request.
    fn kind(
        &mut self,
        client: usize,
        verb: Verb,
        request: &Request<'_>,
        at: Micros,
    ) -> Option<usize> {
        let read = !verb.writes();
        let namespaced = read && !request.namespace.is_empty();
        let form = if read { request.selector_form() } else { String::new() };
        let listed = (verb == Verb::List).then_some((request.version, request.limit));
        let (version, limit) = listed.unwrap_or((VersionAsked::Newest, None));
        let key = Fnv::new()
            .word(client as u64)
            .word(verb as u64 * 16 + version as u64 * 2 + u64::from(namespaced))
            .word(limit.unwrap_or(0))
            .word(hash(&[&request.group, &request.resource, &form]))
            .value();
        let kind = match self.kind_rows.get(&key) {
            Some(row) => *row,
            None if self.kinds.len() >= MOST_KINDS => return None,
            None => {
                let target = Target {
                    group: cut(&request.group).to_owned(),
                    resource: cut(&request.resource).to_owned(),
                    namespaced,
                    selector: cut(&form).to_owned(),
                };
                let seen = Kind {
                    verb: Some(verb),
                    target,
                    version,
                    limit,
                    selector: cut(&request.selector()).to_owned(),
                    namespace: cut(&request.namespace).to_owned(),
                    first: at,
                    ..Kind::default()
                };
                self.kinds.push(KindRow { seen, ..KindRow::default() });
                self.kind_rows.insert(key, self.kinds.len() - 1);
                self.clients[client].kinds.push(self.kinds.len() - 1);
                self.kinds.len() - 1
            }
        };
        let row = &mut self.kinds[kind];
        row.seen.last = row.seen.last.max(at);
        if !row.seen.target.selector.is_empty() {
            let selector = hash(&[&request.field_selector, &request.label_selector]);
            note(&mut row.selectors, selector, &mut self.distinct);
        }
        if !request.namespace.is_empty() {
            note(&mut row.namespaces, hash(&[&request.namespace]), &mut self.distinct);
        }
        Some(kind)
    }

    /// The clients, and from when to when; the table is used up.
    pub(super) fn finish(mut self) -> (Vec<Client>, (Micros, Micros), u64, Counted) {
        let grid = self.grid;
        let mut lives: Vec<Vec<(Micros, Micros)>> = vec![Vec::new(); self.clients.len()];
        for instance in &self.instances {
            let last = if instance.open > 0 { grid.to() } else { instance.last };
            lives[instance.client].push((instance.first, last));
        }
        let mut clients = Vec::new();
        for (row, lives) in self.clients.into_iter().zip(lives) {
            let mut client = row.seen;
            client.users = row.users.0.len() as u64;
            if client.users > 1 || client.user.starts_with(NODE_USER) {
                client.user = user_pattern(&client.user).into_owned();
            }
            client.pods = row.pods.0.len() as u64;
            client.addresses = row.addresses.0.len() as u64;
            client.instances = lives.len() as u64;
            client.instances_at_once = at_once(lives);
            let life = (client.first, client.last);
            for kind in row.kinds {
                let row = std::mem::take(&mut self.kinds[kind]);
                client.kinds.push(finish_kind(row, (&grid, &self.horizon), life));
            }
            clients.push(client);
        }
        clients
            .order_by(|a, b| (b.requests, &a.user, &a.agent).cmp(&(a.requests, &b.user, &b.agent)));
        (clients, (grid.from(), grid.to()), self.requests, self.counted)
    }
}

fn finish_kind(
    mut row: KindRow,
    (grid, horizon): (&Grid, &Grid),
    (first, last): (Micros, Micros),
) -> Kind {
    let mut kind = row.seen;
    kind.selectors = row.selectors.0.len() as u64;
    kind.namespaces = row.namespaces.0.len() as u64;
    kind.period = row.gaps.period();
    kind.mean_gap = row.gaps.mean();
    kind.steady_for = last.since(first);
    match kind.verb {
        Some(Verb::Watch) => kind.open = row.cells.usually_open(horizon, grid.to()),
        Some(verb) if verb.writes() => {
            let counts = row.cells.between(grid, first, last);
            if let Some((burst, cells)) = burst(&counts, kind.instances) {
                kind.burst = burst;
                let without = kind.steady_for.0.saturating_sub(grid.span_of(cells).0);
                kind.steady_for = SimSpan(without);
            }
        }
        Some(_) | None => {}
    }
    kind
}

/// How many lives overlap, at most. Those of a single request are instants and overlap nothing, so where
/// no life is longer, all count.
fn at_once(mut lives: Vec<(Micros, Micros)>) -> u64 {
    let all = lives.len();
    lives.retain(|(first, last)| first < last);
    if lives.is_empty() {
        return all as u64;
    }
    most_at_once(lives.into_iter(), Touching::Together)
}

/// What counts of two spans of which one begins as the other ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Touching {
    /// They overlap.
    Together,
    /// They follow each other.
    Apart,
}

/// How many spans, from the first to the second instant of each, overlap at most.
pub(super) fn most_at_once(
    spans: impl Iterator<Item = (Micros, Micros)>,
    touching: Touching,
) -> u64 {
    let mut edges: Vec<(Micros, i64)> =
        spans.flat_map(|(first, last)| [(first, 1), (last, -1)]).collect();
    edges.order_by_key(|(at, change)| match touching {
        Touching::Together => (*at, -change),
        Touching::Apart => (*at, *change),
    });
    let (mut now, mut most) = (0_i64, 0);
    for (_, change) in edges {
        now += change;
        most = most.max(now);
    }
    most.unsigned_abs()
}

/// The beginning of a text, as much as is kept of it.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(MOST_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn note(set: &mut Distinct, value: u64, budget: &mut usize) {
    if *budget < MOST_DISTINCT && set.0.insert(value) {
        *budget += 1;
    }
}

/// The hash of texts, each ended.
pub(super) fn hash(texts: &[&str]) -> u64 {
    texts.iter().fold(Fnv::new(), |hash, text| hash.bytes(text.as_bytes()).bytes(&[0xff])).value()
}

/// What is before the slash of a user agent, and before a blank.
fn family(agent: &str) -> &str {
    agent.split(['/', ' ']).next().unwrap_or_default()
}

/// The user with `{member}` in the place of what tells members apart: the name of a node, or numbers.
fn user_pattern(user: &str) -> Cow<'_, str> {
    if user.starts_with(NODE_USER) {
        return format!("{NODE_USER}{{member}}").into();
    }
    if user.starts_with("system:serviceaccount:") || !user.contains(|c: char| c.is_ascii_digit()) {
        return user.into();
    }
    let head = user.find(|c: char| c.is_ascii_digit()).unwrap_or(user.len());
    let tail = user.rfind(|c: char| c.is_ascii_digit()).map_or(user.len(), |at| at + 1);
    format!("{}{{member}}{}", &user[..head], &user[tail..]).into()
}
