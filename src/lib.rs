//! `oomcast` forecasts how much memory the kube-apiservers of a control plane will need, and whether
//! one server's out-of-memory kill takes the others down.
//!
//! This is the architecture page: what there is, who may know whom, how one event flows, and where
//! to change what.
//!
//! # One picture
//!
//! ```text
//!   storm.toml                                                output/storm-1a2b3c/
//!       |                                                              ^
//!   +---v------------------------------------------------------------- | ---------+
//!   |                        cli: one file per verb; prints            |          |
//!   +---+--------------------------+-------------------------------+---+----------+
//!       |                          |                               |
//!   +---v-----------+   +----------v-----------+   +---------------v------+
//!   |   scenario    |   |      experiment      |   |        report        |
//!   | TOML to       |   | replications on all  |   | terminal, Markdown,  |
//!   | Inputs, every |   | processors; records  |   | JSON, CSV, charts,   |
//!   | mistake told  |   | to one Summary       |   | the run folder       |
//!   +---+-----------+   +--+---------------+---+   +---------------+------+
//!       | Inputs           | run(Inputs)   | RunRecord, Summary    |
//!   +---v------------------v-----------+   |   +-------------------v------+
//!   |              model               |   +--->         results          |
//!   | the control plane: one replica-  +------->  plain data, no behaviour |
//!   | tion from Inputs to a RunRecord  |       +-------------+------------+
//!   +---+------------------------------+                     |
//!   +---v------------------------------+                     |
//!   |              engine              |                     |
//!   | event queue, random streams,     |                     |
//!   | fluid sharing, statistics        |                     |
//!   +---+------------------------------+                     |
//!   +---v----------------------------------------------------v------------+
//!   |  units: bytes, instants, spans, rates; parsing and printing them    |
//!   +---------------------------------------------------------------------+
//! ```
//!
//! # One line a module
//!
//! | module | what it is | what it does not know |
//! |---|---|---|
//! | [`units`] | newtypes of bytes, time and rates | anything else |
//! | [`engine`] | clock and event queue, named random streams, fluid sharing, statistics | Kubernetes |
//! | [`results`] | what a run leaves behind: [`RunRecord`](results::RunRecord), [`Summary`](results::Summary) | how it came about |
//! | [`model`] | the control plane: servers, clients, balancer, etcd, nodes | files, TOML, the terminal, other replications |
//! | [`language`] | TOML texts with places, laid over one another and checked along tables of keys | what is configured |
//! | [`scenario`] | a TOML file to the model's [`Inputs`](model::input::Inputs), or to every mistake in it | how inputs are run |
//! | [`experiment`] | many replications to one summary, published figures beside it; breaking points, comparisons, sweeps | files, how results are shown |
//! | [`answers`] | what an operator asks: without whom, which remedy, is it safe, when was it too late, when is it outgrown; mostly on trials of variants with equal draws | files, how answers are shown |
//! | [`validation`] | observations of real servers, replayed; exports of monitoring | how they are shown |
//! | [`cluster`] | what a running cluster exports (metrics, audit logs, objects) to a commented scenario | the network, how findings are shown |
//! | [`calibration`] | parameters fitted to observations by least squares | files, how results are shown |
//! | [`report`] | text, Markdown, JSON, CSV, charts, the run folder | the model, the scenario's keys |
//! | [`cli`] | verbs, flags, exit codes, progress; the only room that prints | |
//!
//! Imports run downwards only: `engine`, `results` -> `units`; `model` -> `engine`, `results`;
//! `language` -> `units`; `scenario` -> `language` and the model's plain inputs ([`model::input`], [`model::release`], the objects of
//! [`model::apf`]); `report` -> `results`; `experiment` -> `scenario`, `model`, `engine`, `results`;
//! `validation` and `cluster` -> `experiment` and what it knows; `answers` and `calibration` -> `validation` and the same
//! (`answers` also `language`: rule files are YAML);
//! `cli` -> all. A test holds this rule.
//!
//! Inside [`model`]:
//!
//! | module | what it is |
//! |---|---|
//! | [`input`](model::input) | everything a run depends on, as plain data |
//! | [`release`](model::release) | what each Kubernetes minor does: one table of minors, behaviours of servers and of clients, feature gates |
//! | [`costs`](model::costs) | CPU time and memory of every kind of work: named constants, each with its source |
//! | [`objects`](model::objects) | what an object weighs stored, encoded, decoded, listed |
//! | [`catalog`](model::catalog) | what never changes in a run: ledger owners, profiles, speeds |
//! | [`assumptions`](model::assumptions) | what predictions rest on: one table, made into `docs/assumptions.md` |
//! | [`apiserver::list`](model::apiserver::list) | **where a LIST's memory comes from** |
//! | [`apiserver::route`](model::apiserver::route) | who answers a LIST: etcd, watch cache, snapshot, nobody (429) |
//! | [`apiserver::etcd_rounds`](model::apiserver::etcd_rounds) | how often etcd is asked for a page, and how much at once |
//! | [`apiserver::watch`](model::apiserver::watch) | watch-lists and watches |
//! | [`apiserver::cacher`](model::apiserver::cacher) | a watch cache under a steady rate of writes |
//! | [`apiserver::consistency`](model::apiserver::consistency) | the consistency checker's pulse, from 1.34 |
//! | [`apiserver::audit`](model::apiserver::audit) | what auditing holds: events, bodies, lines |
//! | [`apiserver::startup`](model::apiserver::startup) | what a starting server does before it is ready |
//! | [`apiserver::plan`](model::apiserver::plan) | a request as a short list of phases |
//! | [`apiserver::server`](model::apiserver::server) | one process as a fluid machine: requests, collector, limits |
//! | [`memory`](model::memory) | the ledger, the Go heap and its collector, freed pages, Go's rules of buffer growth |
//! | [`apf`](model::apf) | API Priority and Fairness, exact to the bit |
//! | [`watchcache`](model::watchcache) | the ring of recent events, resumable versions, snapshots: exact, and in closed form |
//! | [`admission`](model::admission) | requests at the door of a server: what API Priority and Fairness is told of them, what is seen of it |
//! | [`node`](model::node) | processors, memory limits, the OOM killer, restart back-off |
//! | [`residents`](model::residents) | controller manager, scheduler and kube-proxy on a server's node, by what they hold; all that a server's node has beside it |
//! | [`client`](model::client) | a member of a fleet: its state; `go`: facts of client-go; `era`: what reflectors of each client-go do; `backoff`; `refusal`: what it does about a refused call |
//! | [`ids`](model::ids), [`event`](model::event) | numbers of servers, clients, fleets and resources as types; all that can happen |
//! | [`context`](model::context), [`record`](model::record) | what all parts of a run share; what it writes down (`activity`: second by second; `timelines`) |
//! | [`plane`](model::plane) | **servers, balancer and etcd**, which know no client: `life`, `death`, `caches`, `rings`, `stored`, `counting`, `write_seats`, `flows`, `etcd`, `background` (steady load), `held` (audit events, webhooks), `database` (etcd's file), `residents` (what objects take of the servers' nodes), `raft_log`, `probes`, `shutdown`, `plans` |
//! | [`fleets`](model::fleets) | **all clients**, which know no server but its number: `members`, `calls`, `connections` (who shares one), `leases`, `rollout` |
//! | [`world`](model::world) | **both, and what crosses between them**: a client asks (`calls`, `connections`), a server answers or rejects (`admit`, `calls`) or drops its clients (`death`, `etcd_kill`, `losses`, `silence`, `network`, `goaway`, `shutdown`), the balancer picks; the event loop, its dispatch, the outcome |
//! | [`checks`](model::checks) | invariants |
//!
//! # Three ideas
//!
//! **One ledger.** Every resident byte of a server is in one entry of its
//! [`Ledger`](model::memory::ledger::Ledger), keyed by mechanism and owner (the server, a resource, or
//! a client fleet with the resource it reads). The entries sum to the resident set, always. The
//! stacked chart, the holders at the peak and the post-mortem of a kill are reads of it.
//!
//! **Phases, not objects.** A request is a [`RequestPlan`](model::apiserver::plan::RequestPlan): about ten phases,
//! each with a demand (CPU time, wire bytes, least time) and with what it takes and drops at its ends
//! and along its way. A LIST of 400 MB is a dozen events, not one per object. Requests of a kind share
//! a plan, and those in the same phase are one class of the fluid pool.
//!
//! **Straight lines.** Between two events every rate is constant, so heap, resident set and progress
//! are straight lines, and the instant at which one crosses a threshold is computed and scheduled.
//! There are no ticks of a clock, and a peak is the peak, not a sample near it.
//!
//! # How one event flows
//!
//! [`World::run`](model::world::World::run) pops an event and dispatches it; whatever it changes on a
//! server marks the server as touched. Then every touched server is brought up to date:
//!
//! 1. *tick*: the event was a threshold of this server, or something else touched it. A tick of an
//!    older generation is void: rates have changed since it was computed.
//! 2. [`settle`](model::apiserver::server::Server::settle): memory, progress and marking move along
//!    their straight lines to now.
//! 3. [`process`](model::apiserver::server::Server::process): phases that end go on to the next,
//!    finished requests are handed to their clients, the peak is noted, a collection begins or ends;
//!    a resident set above the limit is an OOM kill.
//! 4. [`refresh`](model::apiserver::server::Server::refresh): processors and wire are shared anew,
//!    growth rates follow, [`next_event`](model::apiserver::server::Server::next_event) finds the
//!    first threshold, and a tick of a new generation is scheduled for it.
//!
//! Finished requests may touch further servers (a client relists elsewhere); the loop ends when none
//! is left.
//!
//! # Where to change what
//!
//! | to change | look at |
//! |---|---|
//! | what a LIST holds, and until when | [`model::apiserver::list`] |
//! | a cost, a size, a measured constant | [`model::costs`], [`model::objects`] |
//! | what a release does | `model/release/table.rs`: a row of [`Release`](model::release::Release) (servers, API Priority and Fairness) or of [`ClientGo`](model::release::ClientGo), with its gate; the model asks for the behaviour, not for the minor |
//! | how a client reacts to a refused call | [`model::client::refusal`]; to an answer, or to one that breaks off: `model/world/calls.rs`, `model/world/losses.rs` |
//! | when a watcher is too slow, what it is given when it comes back | `model/world/slow.rs`; how fast: `model/plane/pace.rs` |
//! | what a server does that falls behind with writes and watch events | `model/apiserver/server/backlog.rs` |
//! | what audit events a policy records | `model/input/audit.rs` |
//! | how many requests a client may send | `engine/bucket.rs`, `model/fleets/members.rs` |
//! | what custom resource definitions hold | `model/apiserver/definitions.rs` |
//! | what audit events and webhooks hold | `model/apiserver/audit.rs` (a request), `model/plane/held.rs` (at steady rates), `model/input/webhooks.rs` |
//! | what shares the node with a server | `model/input/residents.rs` (etcd at rest), `model/residents.rs` (the others), `model/plane/residents.rs` (as objects come and go), `model/apiserver/server/beside.rs` (as it moves, how long etcd takes, who is killed); pages of programs and ordinary processes: `model/apiserver/server/file_pages.rs`; etcd's file, its quota and defragmentation: `model/plane/database.rs`, `model/world/quota.rs`; who asks etcd for its health: `model/plane/etcd.rs`, `model/plane/probes.rs` |
//! | what version a client has seen | `model/world/versions.rs` |
//! | what a workload writes | `scenario/workloads.rs` |
//! | who shares a connection | `model/fleets/connections.rs`; what silence, GOAWAY and missed leases do: `model/world/`: `silence.rs`, `goaway.rs`, `leases.rs` |
//! | what an event of the scenario does | `model/world/scenario.rs`, and the file it names: `network`, `shutdown`, `rollout`, `load`, `etcd_outage` |
//! | when the collector runs | [`model::memory::go_heap`] |
//! | who is killed, and when it comes back | [`model::node`], `model/plane/death.rs`, `model/plane/life.rs`; etcd: `model/world/etcd_kill.rs` |
//! | which requests wait, and how long | [`model::apf`]; who asks for what: `model/admission/requests.rs`; what is seen of it: `model/admission/observe.rs` |
//! | a key of the scenario file | `scenario/keys/`: one line is the key, its bounds, default, meaning and the type of its value; then `scenario/build.rs`, which does not compile without it, and [`model::input`] |
//! | an event of the scenario file | `scenario/keys/events.rs`: a variant and its table; then `scenario/build.rs`, which does not compile without it |
//! | how a key is read, layered, printed | `language/table`, `language/layers`, `language/print` |
//! | the JSON Schema of scenario files, the reference | `language/print`; both follow [`scenario::keys`] |
//! | what a scenario inherits, its profiles, what `remove` does | `language/layers/` |
//! | counts by node, pod or namespace | `scenario/per.rs` (laid over one another), `scenario/cluster.rs` (multiplied out) |
//! | a preset | `presets/NAME.toml`, and its line in [`scenario::presets`] |
//! | a metric of expectations, published figures, comparisons, breaking points | [`scenario::measure`], `scenario/claims.rs`, `experiment/measure.rs` |
//! | how uncertain inputs are written, and drawn | `language/table/uncertain.rs`, `experiment/uncertain.rs` |
//! | how growth is written; when a cluster is outgrown | `language/vary/rate.rs`, [`scenario::growth`]; [`answers::forecast`] |
//! | when a run could no longer end otherwise | [`answers::no_return`], on [`World::branch`](model::world::World::branch) |
//! | how a breaking point is searched | `experiment/find/search.rs` |
//! | how wide the interval around a peak is | `experiment/model_error.rs`; its table is learned from the ledger |
//! | a figure of `summary.json` | [`results::Summary`] (step [`FORMAT_VERSION`](results::FORMAT_VERSION)), `experiment/summarize.rs` |
//! | the words of a result, on the terminal, in Markdown and HTML | the file of the result: [`report::run`], [`report::compare`], [`report::find`] ...; how pages are printed: `report/terminal.rs`, `report/markdown.rs`, `report/html/parts.rs`, `report/table.rs` |
//! | the page for a browser | [`report::html`]: `data.rs` is what its script draws, `page.js` how; `.ci/browser` tries it |
//! | which replications are kept beside the worst | `experiment/beside.rs`; their files: `report/kept.rs` |
//! | the line that makes a result again | `cli/again.rs` |
//! | what monitoring sees | `results/scrape.rs` (peaks), `results/sample.rs` and `model/plane/scraping.rs` (whole samples); the metrics made of them: `report/openmetrics/families.rs` |
//! | what is said of an alert | `answers/alerts`; who evaluates it: `cli/promtool.rs` |
//! | what is counted over time | [`results::ActivityKind`]: one line a counter; its chart: `report/charts/activity.rs` |
//! | what the story of a run tells | [`report::story`] |
//! | what can be varied, and how it is written | [`scenario::Vary`]; the designs: [`experiment::sweep`] |
//! | a column of a sweep's tables | [`report::sweep::columns`] |
//! | what can be fitted to observations | [`calibration::parameters`] |
//! | which exports of monitoring are read | [`validation::series`] |
//! | what of a running cluster is read | [`cluster::read`]: kinds of files; [`cluster::metrics`]: which metrics |
//! | what is probably not meant, though valid | `scenario/lints.rs`; what only the model knows: `experiment/advice.rs` |
//! | the text of a code, the example of a key | [`scenario::explain`] |
//! | a remedy that `advise` tries | `answers/remedies/table.rs`: one row; its overlay: `answers/remedies/clients.rs`, `fairness.rs`, `servers.rs` |
//! | what a program embeds | [`simulate()`], in `answers/simulate.rs` |
//! | a shipped scenario | `scenarios/NAME.toml`, and its line in [`scenario::shipped`] |
//! | a standard storm | [`scenario::storms`] |
//! | an exit code | `cli/exit.rs` |
//! | a flag that several verbs have | `cli/flags.rs` |
//!
//! **A new release** is one row in `model/release/table.rs`: its minor, its Go, how well predictions for
//! it are founded. The schema, the reference, diagnostics, `client-version` and the validated domain
//! follow. What it changes is a row of behaviours there, with its gate, and the one place in the model
//! that asks for it.
//!
//! **A new mechanism**: a variant of [`Mechanism`](results::Mechanism), in the order of the stack, with
//! its label and key; the compiler then asks for its colour (`report/charts/palette.rs`) and its weight
//! in the collector (`model/memory/process.rs`). Take and drop it in a plan: charts, tables and
//! `attribution.csv` follow by themselves, and the snapshot of `timeline.csv` has a column more.
//!
//! **A new verb**: a file in `cli` with its arguments and its function, a variant in `cli/args.rs`, an
//! arm in `cli/mod.rs`.
//!
//! **A new chart**: a file in `report/charts` that makes a `Scene` from a
//! [`ChartInput`](report::charts::ChartInput), and a line in `scenes`. SVG, PNG and the manifest
//! follow.
//!
//! # The same seed is the same bytes
//!
//! - Time is whole nanoseconds and memory whole bytes; what moves along a line carries its remainder.
//! - Simultaneous events come in the order in which they were pushed, and whatever pushes several does
//!   so in index order. Nothing iterates over a hash map.
//! - Draws come from [`Streams`](engine::Streams): one stream per (seed, replication, purpose, entity).
//!   A server's knob leaves every client's draws as they were, so two variants differ by the knob only.
//! - The points of a sweep follow from its head alone, and its row file ends in their order: killed and
//!   resumed, or in shards, the folder is the same.
//! - Replications share nothing, and [`experiment`] condenses them in their order: one thread or
//!   sixteen, the files are the same. The worst replication is run twice, and the run fails if its two
//!   records differ.
//! - No clock, host name or path enters a file of the run folder.
//!
//! # How it is checked
//!
//! `tests/golden_cases` holds buffer growth, APF, the watch cache's ring and the reflector's back-off
//! to recordings of the real Go code; `tests/fidelity` holds peaks to runs of a real kube-apiserver;
//! `tests/model` holds the model to its laws, storms to their arithmetic and the engine to queueing
//! theory; `tests/language` and `tests/tool` hold what is read and what is printed; `tests/house`
//! holds the rules of this page; and in builds with debug assertions [`model::checks`] looks at the books after every event.

pub use answers::simulate::{SimulateError, simulate};

pub mod answers;
pub mod calibration;
pub mod cli;
pub mod cluster;
pub mod engine;
pub mod experiment;
pub mod language;
pub mod model;
pub mod report;
pub mod results;
pub mod scenario;
pub mod units;
pub mod validation;
