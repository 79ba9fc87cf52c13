//! The texts of warnings and notes.

use super::Example::{Fragment, Manifest, Set};
use super::Explanation;
use super::text::{LEVEL, text};
use crate::language::tell::code::Code::{
    AskedEtcd, AssumedNodeMemory, BeyondTested, CollectorOff, CountedPer, DecimalLimit,
    IdleAboveLimit, LargeObject, LimitAboveNode, LimitOrder, LockedGate, LongSweep, NeverStarts,
    NoDefinitions, NoEffect, NoJitter, NoProbes, PassedOver, PastQuota, ReadsEtcd, RemovedAlong,
};

/// Of what is legal, but probably not meant.
pub(super) static LINTS: &[Explanation] = &[
    text(
        DecimalLimit,
        "8GB is 7 % less than 8GiB, which is what a limit of \"8Gi\" in a manifest means.",
        Fragment("[apiserver]\nmemory-limit = \"8GB\""),
        Fragment("[apiserver]\nmemory-limit = \"8GiB\""),
    ),
    text(
        NoJitter,
        "An event starts a thousand clients or more in the same instant. Rollouts and restarts \
         take time in real clusters, and a herd without any spread is the worst case.",
        Fragment(
            "[[clients]]\nname = \"agents\"\ncount = 5_000\n[[events]]\nname = \"again\"\nat = \
             \"3m\"\nrestart = { client = \"agents\" }",
        ),
        Fragment(
            "[[clients]]\nname = \"agents\"\ncount = 5_000\n[[events]]\nname = \"again\"\nat = \
             \"3m\"\nrestart = { client = \"agents\", over = \"1m\" }",
        ),
    ),
    text(
        LargeObject,
        "etcd refuses requests above 1.5 MiB by default (--max-request-bytes).",
        Fragment("[objects.secrets]\ncount = 10\nsize = \"2MiB\""),
        Fragment("[objects.secrets]\ncount = 10\nsize = \"1MiB\""),
    ),
    text(
        LimitAboveNode,
        "The node runs out of memory before the container's limit is reached: the limit protects \
         nothing.",
        Fragment("[apiserver]\nmemory-limit = \"32GiB\"\n[node]\nmemory = \"16GiB\""),
        Fragment("[apiserver]\nmemory-limit = \"14GiB\"\n[node]\nmemory = \"16GiB\""),
    ),
    text(
        NoEffect,
        "In this scenario nothing depends on this value. It was probably meant for something \
         else, or another key is missing. A value equal to the default is not reported.",
        Fragment(
            "[[clients]]\nname = \"dashboards\"\ncount = 10\ndrain-rate = \"5MB/s\"\nwatcher = { \
             resource = \"pods\" }",
        ),
        Fragment(
            "[[clients]]\nname = \"dashboards\"\ncount = 10\nwatcher = { resource = \"pods\" }",
        ),
    ),
    text(
        NeverStarts,
        "The client waits for an event that starts it, and there is none: it does nothing at all.",
        Fragment(
            "[[clients]]\nname = \"dumps\"\ncount = 2\nstart = \"stopped\"\nwatcher = { resource = \
             \"pods\" }",
        ),
        Fragment("[[clients]]\nname = \"dumps\"\ncount = 2\nwatcher = { resource = \"pods\" }"),
    ),
    text(
        LimitOrder,
        "GOMEMLIMIT and memory.high work below the hard limit, so that the collector or throttling \
         comes before the kill. Above it they come too late.",
        Fragment("[apiserver]\nmemory-limit = \"8GiB\"\ngomemlimit = \"9GiB\""),
        Fragment("[apiserver]\nmemory-limit = \"8GiB\"\ngomemlimit = \"7GiB\""),
    ),
    text(
        IdleAboveLimit,
        "The model predicts what a warm server holds before anything happens: caches of all \
         objects, open watches, the heap up to the collector's next cycle. If that is above the \
         limit, the server is killed whatever the clients do, and above memory.high it is throttled for \
         good; the size or the count of objects is often wrong, or the limit.",
        Fragment("[apiserver]\nmemory-limit = \"256MiB\""),
        Fragment("[apiserver]\nmemory-limit = \"8GiB\""),
    ),
    text(
        ReadsEtcd,
        "A LIST that the watch cache does not answer is read from etcd, decoded and held whole, for \
         each client. By default that happens to a lister before 1.31 (resourceVersion unset), to \
         the further pages of a limited LIST before 1.34, and where a resource has no watch \
         cache. Say what is meant by writing resource-version.",
        Fragment(
            "[apiserver]\nversion = \"1.30\"\n[[clients]]\nname = \"dumps\"\ncount = 2\nlister = { \
             resource = \"pods\" }",
        ),
        Fragment(
            "[apiserver]\nversion = \"1.30\"\n[[clients]]\nname = \"dumps\"\ncount = 2\nlister = { \
             resource = \"pods\", resource-version = \"0\" }",
        ),
    ),
    text(
        BeyondTested,
        "Kubernetes is tested with 5000 nodes of 110 pods, 150 000 pods, 10 000 services, 10 000 \
         namespaces, 150 000 objects of any other type, and 1.5 GB of one type. Beyond that neither \
         Kubernetes nor this model has been looked at closely.",
        Fragment("[objects.pods]\ncount = 400_000\nsize = \"2kB\""),
        Fragment("[objects.pods]\ncount = 140_000\nsize = \"2kB\""),
    ),
    text(
        LongSweep,
        "A sweep costs points times replications times what one run costs, which is estimated \
         from the events of one. It can be stopped and resumed, and split over machines.",
        Fragment(
            "[run]\nreplications = 10_000\n[sweep]\nvary = [\"clients.agents.count=1..600:1\"]",
        ),
        Fragment(
            "[run]\nreplications = 20\n[sweep]\nvary = [\"clients.agents.count=100..600:100\"]",
        ),
    ),
    text(
        LockedGate,
        "A gate that is generally available is locked: a real kube-apiserver refuses to start with \
         another value. The model takes it for a what-if.",
        Fragment(
            "[apiserver]\nversion = \"1.34\"\nfeature-gates = { StreamingCollectionEncodingToJSON = \
             false }",
        ),
        Fragment(
            "[apiserver]\nversion = \"1.33\"\nfeature-gates = { StreamingCollectionEncodingToJSON = \
             false }",
        ),
    ),
    text(
        CollectorOff,
        "With GOGC=off only GOMEMLIMIT starts a collection. Without it garbage piles up until the \
         kernel kills the server.",
        Fragment("[apiserver]\ngogc = \"off\""),
        Fragment("[apiserver]\ngogc = \"off\"\ngomemlimit = \"7GiB\""),
    ),
    text(
        NoDefinitions,
        "An apiserver holds 1 to 3 MB for each custom resource definition, whether there are objects \
         of it or not: handlers, storages, schemas, OpenAPI. A hundred operators' definitions outweigh \
         most objects. `kubectl get crds` counts them.",
        Fragment(
            "[objects.ciliumendpoints]\ncount = 3_000\nsize = \"2kB\"\nshape = \"custom\"\ngroup = \
             \"cilium.io\"",
        ),
        Fragment(
            "[objects.ciliumendpoints]\ncount = 3_000\nsize = \"2kB\"\nshape = \"custom\"\ngroup = \
             \"cilium.io\"\n[objects.customresourcedefinitions]\ncount = 40\nsize = \"20kB\"",
        ),
    ),
    text(
        NoProbes,
        "kubeadm has the kubelet ask /livez of each apiserver, and /livez fails while etcd does not answer \
         within 2 s: after 72 s the kubelet kills servers that want for nothing. GKE and OpenShift ask \
         livez?exclude=etcd; k3s has no such probe.",
        Fragment("[[events]]\nname = \"no quorum\"\nat = \"1m\"\netcd-outage = { lasts = \"3m\" }"),
        Fragment(
            "[apiserver]\nprobes = true\n[[events]]\nname = \"no quorum\"\nat = \"1m\"\netcd-outage = { \
             lasts = \"3m\" }",
        ),
    ),
    text(
        PastQuota,
        "etcd takes no writes once its file is larger than --quota-backend-bytes, 2 GiB where nothing is said. \
         The file holds the objects, every revision of the last five to ten minutes, and pages that are not \
         full. Where the scenario states no quota the model never reaches one.",
        Fragment("[objects.configmaps]\ncount = 6\nper = \"node\"\nsize = \"600kB\""),
        Fragment(
            "[objects.configmaps]\ncount = 6\nper = \"node\"\nsize = \"600kB\"\n[etcd]\nquota = \"8GiB\"",
        ),
    ),
    text(
        AssumedNodeMemory,
        "Even a server with a limit dies with its node, and what the node has was not said.",
        Fragment("[apiserver]\nmemory-limit = \"16GiB\""),
        Fragment("[apiserver]\nmemory-limit = \"16GiB\"\n[node]\nmemory = \"32GiB\""),
    ),
    text(
        PassedOver,
        "Only FlowSchemas and PriorityLevelConfigurations concern the simulation; other objects of \
         the file are skipped.",
        Manifest("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }"),
        Manifest(LEVEL),
    ),
    text(
        CountedPer,
        "A count `per` node, pod or namespace stays one when --set changes it: the figure is \
         multiplied by the size of the cluster. This note points it out, since it is easy to miss.",
        Set("objects.configmaps.count=5"),
        Set("objects.pods.count=5"),
    ),
    text(
        RemovedAlong,
        "A layer that removes a client takes what names it along: events that only move it, its name \
         in `joins`, `connection` of others. An event that a figure or an expectation belongs to stays \
         as a bare mark of its phase.",
        Set("clients.agents.remove=true"),
        Set("clients.agents.count=500"),
    ),
    text(
        AskedEtcd,
        "The scenario itself asks for a read that the watch cache of this release does not answer: \
         an exact or unset resourceVersion, further pages, a resource without watch cache. That may \
         well be what is to be studied.",
        Fragment(
            "[apiserver]\nversion = \"1.32\"\n[[clients]]\nname = \"dumps\"\ncount = 2\nlister = { \
             resource = \"pods\", resource-version = \"exact\" }",
        ),
        Fragment(
            "[apiserver]\nversion = \"1.34\"\n[[clients]]\nname = \"dumps\"\ncount = 2\nlister = { \
             resource = \"pods\", resource-version = \"exact\" }",
        ),
    ),
];
