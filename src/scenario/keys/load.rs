//! The root table, and the keys of objects and clients.

use super::apf::Apf;
use super::claims::{Expect, Published};
use super::cluster::{CLUSTER, OWN_NODE, PER, UNITS};
use super::events::Event;
use super::growth::GROWTH;
use super::server::{Apiserver, Run};
use super::sweep::SWEEP;
use super::workloads::Workload;
use super::{Family, Kind, NameForm, any_span, rate};
use crate::language::table::declare::{table, words};
use crate::language::table::typed::{
    Earlier, OrWord, Typed, choice, choice_of, earlier, flag, integer, integer_or, list, minor,
    name, named, number, per_second, percent, refer, size, table, text, texts,
};
use crate::language::{Code, Role};
use crate::model::input::{
    AuditInput, BalancerInput, Calibration, Encoding, EtcdInput, FailurePolicy, Hardware,
    NodeInput, ResourceVersion, Retries, Shape,
};
use crate::model::release::{NEWEST_MINOR, OLDEST_CLIENT_MINOR};
use crate::units::{ByteRate, Bytes, SimSpan};

const fn outside(why: &'static str) -> Role {
    Role::Outside { why, hashed: true }
}

table! {
    Root = ROOT: "the scenario";
    /// Version of the scenario format: 1.
    schema: Earlier = earlier(Kind::Integer { min: 1, max: 1 })
        .role(outside("it is the version of the format"));
    /// Names the scenario and its output folder.
    name: String = name(NameForm::Slug).role(outside("nothing depends on it"));
    /// What it shows.
    description: String = text(65_536)
        .default("\"\"")
        .example("\"A rollout to 200 nodes.\"")
        .role(outside("nothing depends on it"));
    /// Files (relative to this one) and presets that this file is laid over, the first lowest:
    /// ["base.toml", "preset:fleet-kubelet"]. Tables merge by key, [[clients]] and the like by name;
    /// `remove = true` in an entry drops the inherited entry of that name, `remove = ["memory-limit"]`
    /// in a table drops these keys of it.
    inherits: Earlier =
        earlier(Kind::Inherits).may_be_empty().role(outside("it is no value"));
    /// Partial scenarios by name; `--profile NAME` applies one on top of the file.
    profiles: Earlier =
        earlier(Kind::Profiles).may_be_empty().role(outside("they are no values"));
    /// The size of the cluster, for what is counted `per` node, pod or namespace.
    cluster: Earlier = earlier(Kind::Table(&CLUSTER)).may_be_empty();
    /// How long and how often to simulate.
    run: Run = table();
    /// The kube-apiservers, all alike.
    apiserver: Apiserver = table();
    /// The machine under each server.
    node: NodeInput = table().filled();
    /// Speeds; the defaults are the measured machine's.
    hardware: Hardware = table().filled();
    /// etcd as the servers see it.
    etcd: EtcdInput = table().filled();
    /// The L4 load balancer before the servers.
    balancer: BalancerInput = table().filled();
    /// What the audit log takes.
    audit: Option<AuditInput> = table().optional();
    /// Admission webhooks.
    webhooks: Vec<Webhook> = list(1000);
    /// API Priority and Fairness.
    apf: Apf = table().filled();
    /// Factors on the model's constants, as `oomcast calibrate` finds them.
    calibration: Option<Calibration> = table().optional();
    /// The resources stored, by plural name.
    objects: Vec<(String, Objects)> =
        named(NameForm::Plural, 1000).codes(&[Code::ShapeNeeded]);
    /// The client fleets.
    clients: Vec<Client> = list(1000);
    /// What happens when.
    events: Vec<Event> = list(10_000);
    /// Published figures to show beside the prediction.
    published: Vec<Published> = list(10_000).role(outside("nothing depends on it"));
    /// What must hold; without any, nothing is judged.
    expect: Vec<Expect> = list(1000).role(outside("nothing simulated depends on it"));
    /// What `oomcast sweep` varies.
    sweep: Earlier = earlier(Kind::Table(&SWEEP))
        .may_be_empty()
        .role(Role::Outside { why: "it says what to vary itself", hashed: false });
    /// How the cluster grows, for `oomcast forecast`.
    growth: Earlier = earlier(Kind::Table(&GROWTH))
        .may_be_empty()
        .role(Role::Outside { why: "it says what grows itself", hashed: false });
    /// What writes, creates and deletes objects.
    workloads: Vec<Workload> = list(1000);
}

words! {
    Shape { Blob = "blob", Typed = "typed", Custom = "custom", CustomBlob = "custom-blob" }
    Retries { ClientGo = "client-go", BackOff = "back-off", Never = "never" }
    Encoding { Json = "json", Protobuf = "protobuf", Table = "table" }
    ResourceVersion { Unset = "", Any = "0", NotOlderThan = "not-older-than", Exact = "exact" }
    AtStart { Running = "running", Stopped = "stopped" }
}

words! {
    FailurePolicy { Fail = "fail", Ignore = "ignore" }
}

table! {
    Webhook = WEBHOOK: "a webhook";
    /// Its name.
    name: String = name(NameForm::Free).example("\"policy\"");
    /// Writes to these resources are sent to it, and wait for its answer with their seats; "*", and a list that is
    /// left out: to all.
    resources: Vec<String> = texts(1000).example("[\"pods\"]");
    /// How long it takes for a review.
    latency: SimSpan = any_span().default("20ms");
    /// timeoutSeconds: 1 s to 30 s, as the API has it.
    timeout: SimSpan =
        crate::language::table::typed::span(SimSpan::secs(1), SimSpan::secs(30)).default("10s");
    /// What follows where it does not answer in time: the write is refused, or goes on.
    failure_policy: FailurePolicy = choice().default("fail").late();
}

table! {
    Objects = OBJECTS: "a resource";
    /// Objects stored.
    count: u64 = integer(0, 1_000_000_000).codes(&[Code::BeyondTested, Code::TotalTooLarge]);
    per: Earlier = PER;
    /// Mean stored size: protobuf, or JSON for custom resources.
    size: Bytes =
        size(Bytes(1), Bytes::mib(64)).codes(&[Code::LargeObject, Code::BeyondTested]);
    /// What the objects are made of.
    shape: Shape = choice()
        .derived("known for built-in resources; must be stated for others")
        .codes(&[Code::ShapeNeeded]);
    /// Its API group; "": core.
    group: String = text(253)
        .derived("known for built-in resources, else custom.example.com")
        .example("\"cilium.io\"");
    /// Mean JSON size, where known.
    json_size: Option<Bytes> = size(Bytes(1), Bytes::gib(1)).optional();
    /// Mean decoded heap size, where known.
    heap_size: Option<Bytes> = size(Bytes(1), Bytes::gib(1)).optional();
    /// Versions of a custom resource, each with a cache; of customresourcedefinitions those that each serves.
    versions: u32 = integer(1, 32).default("1").codes(&[Code::VersionsOfBuiltIn]);
    /// How long a conversion webhook takes for an object, which each version but the stored one asks when it is
    /// read from etcd; without it versions differ in name only.
    conversion_latency: Option<SimSpan> = any_span().optional().codes(&[Code::VersionsOfBuiltIn]);
    /// Steady writes to objects of the resource.
    writes: f64 = per_second(1e6).default("0/s");
    /// What `writes` and `gets` are counted by, where that differs from `per`: "cluster" for a total.
    writes_per: Earlier = earlier(Kind::Per(&UNITS)).may_be_empty();
    /// Steady GETs of single objects of the resource, counted as `writes` are, and taking seats on the same user's
    /// priority level.
    gets: f64 = per_second(1e6).default("0/s");
    /// The user who writes them, on whose priority level the writes take seats.
    writer: String = text(1024)
        .derived(
            "a kubelet for pods, nodes, leases and events, else the controller manager for built-in \
             resources, else a service account of its own",
        )
        .example("\"system:serviceaccount:kube-system:agents\"");
    /// Whether the watch cache is enabled for it.
    watch_cache: bool = flag().derived("true, but false for events");
}

/// Reads of a kind that a client may have beside its first.
const MOST_READS: usize = 100;

/// Whether a fleet is there at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scenario) enum AtStart {
    Running,
    Stopped,
}

table! {
    Client = CLIENT: "a client";
    /// Its name.
    name: String = name(NameForm::Free).codes(&[Code::DuplicateName]);
    /// Members of the fleet.
    count: u32 = integer(1, 1_000_000).codes(&[Code::TotalTooLarge, Code::NoJitter]);
    per: Earlier = PER;
    /// Whether members are connected and synced at the start, or wait for an event.
    start: AtStart = choice().default("running").codes(&[Code::NeverStarts]);
    /// Members start spread uniformly over this span.
    start_jitter: SimSpan = any_span().default("0s").codes(&[Code::NoJitter]);
    /// How fast a member reads from the network.
    drain_rate: Option<ByteRate> = rate().optional();
    /// How fast a member decodes.
    decode_rate: Option<ByteRate> = rate().optional();
    /// Further idle watches that each member holds.
    idle_watches: u32 = integer(0, 10_000).default("0");
    /// And for each of cluster.pods-per-node so many more, on average: a kubelet watches each Secret and ConfigMap
    /// that a Pod of its node refers to.
    idle_watches_per_pod: Earlier =
        earlier(Kind::Number { min: 0.0, max: 100.0 }).may_be_empty().example("1.5");
    /// What follows a refused or lost call; the REST layer of client-go makes it again.
    retries: Retries = choice().default("client-go");
    /// QPS of client-go's rest.Config: LISTs that a member's process may send per second; watches are not limited.
    /// client-go has 5 unless its user says otherwise, controller-runtime 20 until 0.20, kubelets 50. Left out: any
    /// number.
    qps: Option<f64> = number(0.01, 1e6).optional();
    /// Burst of the same: LISTs at once after a quiet time.
    burst: Option<u64> = integer(1, 1_000_000).default_for_some("10").late();
    /// The Kubernetes release whose client-go it was built with.
    client_version: Option<u8> = minor("a Kubernetes release", OLDEST_CLIENT_MINOR, NEWEST_MINOR)
        .derived_for_some("that of the servers");
    /// The user as which members are authenticated; {member} in it gives each a user of its own.
    user: String = text(1024)
        .derived(
            "that of the component of its name (kubelets, kube-proxy, kube-scheduler, \
             kube-controller-manager), else the service account of its name in the namespace default",
        )
        .example("\"system:node:{member}\"");
    /// The user's groups.
    groups: Vec<String> = texts(100)
        .derived("those the user has in Kubernetes, by the form of its name")
        .example("[\"system:nodes\"]");
    /// The flow schema it falls under, whatever its user.
    flow_schema: Option<String> =
        name(NameForm::Subdomain).optional().example("\"node-agents\"");
    => optional Reads reads or ["reflectors", "listers", "watchers"] {
        /// A client-go reflector: lists, then watches.
        Reflector(Reflector);
        /// Lists, and does not watch.
        Lister(Lister);
        /// Holds a watch and nothing else.
        Watcher(Watcher);
    }
    /// Reflectors that each member has beside the others in one process, by name: they share its
    /// life, its connection and its user, and an event names the client. The name of an entry is the
    /// resource, unless it says another.
    reflectors: Vec<(String, Reflector)> = named(NameForm::Plural, MOST_READS);
    /// Listers, in the same way.
    listers: Vec<(String, Lister)> = named(NameForm::Plural, MOST_READS);
    /// Watchers, in the same way.
    watchers: Vec<(String, Watcher)> = named(NameForm::Plural, MOST_READS);
    /// The fleet whose connections its members use, as reflectors in the same processes do: member i
    /// uses those of member i there, modulo the count.
    connection: Option<String> = refer(Family::Client).optional();
    /// TCP connections per member, all to one server: one for each 100 watches
    /// (--http2-max-streams-per-connection).
    connections: Option<u32> = integer(1, 1000).default_for_some("1").late();
    /// Whether each member renews a lease, as client-go's leader election does: a write of `leases` every 2 s.
    leader_election: bool = flag().default("false").late();
    /// Whether members are kubelets whose nodes become NotReady without a server
    /// (--node-monitor-grace-period).
    heartbeats: Option<bool> = flag().default_for_some("false").late();
}

const RESOURCE: Typed<String> = refer(Family::Resource).or_entry_name().doc("The resource read.");
const ENCODING: Typed<Encoding> = choice()
    .derived("json for custom resources, protobuf for built-in ones")
    .codes(&[Code::ProtobufCustom])
    .doc("Encoding of responses.");
const GZIP: Typed<bool> =
    flag().default("true").doc("Whether it accepts gzip, as client-go does by default.");
const LIMIT: Typed<Option<u64>> = integer(1, 1_000_000_000).optional().doc("Objects per page.");
const SELECTED: Typed<f64> =
    percent(100.0).default("100%").doc("Share of the objects that the selectors match.");
const NAMESPACED: Typed<bool> = flag().default("false").doc(
    "Reads one namespace: the path names it, so that etcd is asked for its objects only. `selected` is its share of \
     the objects, one of cluster.namespaces unless stated.",
);
const SELECTOR: Typed<bool> =
    flag().derived("true where selected is below 100%").doc("Whether a selector is sent at all.");

table! {
    Reflector = REFLECTOR: "a reflector";
    resource: String = RESOURCE;
    encoding: Encoding = ENCODING;
    gzip: bool = GZIP;
    /// resourceVersion of the first LIST.
    resource_version: ResourceVersion = choice_of(&["0", ""])
        .default("\"0\"")
        .codes(&[Code::ReadsEtcd, Code::AskedEtcd]);
    limit: Option<u64> = LIMIT;
    selected: f64 = SELECTED;
    own_node: Earlier = OWN_NODE;
    namespaced: bool = NAMESPACED;
    selector: bool = SELECTOR;
    /// Whether it streams the initial list by WATCH.
    watch_list: bool =
        flag().derived("true where the servers have WatchList on, and the client has WatchListClient");
    /// Whether it watches after the LIST.
    watch: bool = flag().default("true");
    /// Whether it asks for bookmarks.
    bookmarks: bool = flag().derived("true, but false before client-go 1.16").late();
}

table! {
    Lister = LISTER: "a lister";
    resource: String = RESOURCE;
    encoding: Encoding = ENCODING;
    gzip: bool = GZIP;
    /// resourceVersion of the LISTs.
    resource_version: ResourceVersion =
        choice().default("\"\"").codes(&[Code::ReadsEtcd, Code::AskedEtcd]);
    limit: Option<u64> = LIMIT;
    selected: f64 = SELECTED;
    own_node: Earlier = OWN_NODE;
    namespaced: bool = NAMESPACED;
    selector: bool = SELECTOR;
    /// Number of lists in all, or "endless".
    rounds: OrWord<u64> = integer_or(1, 1_000_000_000, "endless").default("1");
    /// From the end of one list to the start of the next.
    pause: SimSpan = any_span().default("0s");
    /// Whether it reads all pages of a limited list.
    all_pages: bool = flag().default("true");
}

table! {
    Watcher = WATCHER: "a watcher";
    resource: String = RESOURCE;
}
