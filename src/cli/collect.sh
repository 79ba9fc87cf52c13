#!/bin/sh
# Saves what a Kubernetes cluster exports about itself, for:  oomcast import FOLDER
#
#   sh collect.sh FOLDER        (of a cluster that kubectl can reach)
#
# It only reads: every call is a `kubectl get` or `kubectl logs`. Secrets and ConfigMaps are never read.
# Look through FOLDER before you hand it on: flags of the apiserver and names of nodes, users and
# addresses are in it. What could not be had is in FOLDER-missing.txt. Another run replaces what is listed in
# FOLDER-collected.txt.
#
# KUBECTL   another command, such as "oc" or "kubectl --context prod"
# WAIT      seconds between the two scrapes of metrics (60)

set -u
LC_ALL=C
export LC_ALL

out=${1:-}
if [ -z "$out" ]; then
    echo "usage: sh collect.sh FOLDER" >&2
    exit 2
fi
out=${out%/}
mkdir -p "$out" || exit 2
KUBECTL=${KUBECTL:-kubectl}
WAIT=${WAIT:-60}
missing=$out-missing.txt
: > "$missing"

# What an earlier collection left here: its servers may be gone. Files that were put here by hand stay.
collected=$out-collected.txt
if [ -f "$collected" ]; then
    while read -r file; do rm -f "$out/$file"; done < "$collected"
fi
: > "$collected"

# $KUBECTL may be several words.
k() { $KUBECTL --request-timeout=60s "$@"; }

say() { echo "$*" >&2; }

got() {
    say "  $1"
    echo "${1##*/}" >> "$collected"
}

miss() {
    say "  missing: $*"
    echo "$*" >> "$missing"
}

# save FILE WHAT ARGUMENTS...: the output of kubectl, if it succeeds.
save() {
    file=$out/$1
    what=$2
    shift 2
    if k "$@" > "$file.part" 2> "$out/.error" && [ -s "$file.part" ]; then
        mv "$file.part" "$file"
        got "$file"
        return 0
    fi
    miss "$what: kubectl $*: $(head -n 1 "$out/.error")"
    rm -f "$file.part"
    return 1
}

say "release, nodes, flow control, custom resources"
save version.json "the release" version -o json
save nodes.json "number and size of nodes" get nodes -o json
save apf.json "flow schemas and priority levels" \
    get flowschemas,prioritylevelconfigurations -o json
save crds.json "versions of custom resources" get customresourcedefinitions -o json

say "apiservers: flags, limits, probes"
namespace=
for try in "kube-system component=kube-apiserver" \
    "kube-system tier=control-plane,component=kube-apiserver" \
    "openshift-kube-apiserver apiserver=true"; do
    found=$(k -n "${try%% *}" get pods -l "${try#* }" \
        -o 'jsonpath={range .items[*]}{.metadata.name}{" "}{.spec.nodeName}{"\n"}{end}' 2> /dev/null)
    if [ -n "$found" ]; then
        namespace=${try%% *}
        pods=$found
        save apiservers.json "flags and limits of the apiservers" \
            -n "$namespace" get pods -l "${try#* }" -o json
        break
    fi
done
[ -n "$namespace" ] || miss "flags, limits and number of apiservers: no pods of theirs are visible \
(managed, or not run as pods); on k3s and RKE2 take the service's arguments"

say "how many apiservers there are, and what etcd takes"
save leases.json "number of apiservers" -n kube-system get leases \
    -l apiserver.kubernetes.io/identity=kube-apiserver -o json
save kubernetes.json "addresses of the apiservers" -n default get endpointslices kubernetes -o json
save etcd-usage.json "memory of etcd (metrics-server)" -n kube-system get podmetrics \
    -l component=etcd -o json

# Where each server can be asked by itself: the addresses of the Service "kubernetes".
addresses=$(k -n default get endpoints kubernetes -o \
    'jsonpath={range .subsets[*]}{range .addresses[*]}{.ip}{" "}{end}{.ports[0].port}{"\n"}{end}' \
    2> /dev/null)

start_of() { sed -n 's/^process_start_time_seconds \(.*\)$/\1/p' "$1" | head -n 1; }

# scrape SUFFIX: the metrics of every server, told apart by the start of the process.
scrape() {
    number=0
    starts=
    keep() {
        start=$(start_of "$1")
        case " $starts " in
        *" $start "*) rm -f "$1" ;;
        *)
            starts="$starts $start"
            # The second round may reach them in another order, or fewer: a server keeps its number.
            name=$number
            for first in "$out"/metrics-*[0-9].txt; do
                if [ -n "$2" ] && [ "$(start_of "$first")" = "$start" ]; then
                    name=${first##*/metrics-}
                    name=${name%.txt}
                fi
            done
            mv "$1" "$out/metrics-$name$2.txt"
            got "$out/metrics-$name$2.txt"
            number=$((number + 1))
            ;;
        esac
    }
    echo "$addresses" | while read -r line; do
        port=${line##* }
        for address in ${line% *}; do
            case $address in *:*) address="[$address]" ;; esac
            echo "https://$address:$port"
        done
    done > "$out/.servers"
    while read -r server; do
        if k --server "$server" --tls-server-name kubernetes --request-timeout=20s \
            get --raw /metrics < /dev/null > "$out/.scrape" 2> "$out/.error" && [ -s "$out/.scrape" ]; then
            keep "$out/.scrape" "$1"
        fi
    done < "$out/.servers"
    # Behind a balancer each call is a connection of its own: most servers answer one of twelve.
    tries=0
    while [ "$number" -lt "${expected:-1}" ] && [ "$tries" -lt 12 ]; do
        tries=$((tries + 1))
        if k get --raw /metrics > "$out/.scrape" 2> "$out/.error" && [ -s "$out/.scrape" ]; then
            keep "$out/.scrape" "$1"
        else
            break
        fi
    done
    if [ "$number" -eq 0 ]; then
        miss "metrics: kubectl get --raw /metrics: $(head -n 1 "$out/.error")"
    elif [ "$number" -lt "${expected:-1}" ]; then
        miss "metrics of $((expected - number)) of $expected servers: ask each by its own address"
    fi
}

expected=0
if [ -n "$namespace" ]; then
    expected=$(echo "$pods" | grep -c .)
elif [ -n "$addresses" ]; then
    expected=$(echo "$addresses" | awk '{ n += NF - 1 } END { print n + 0 }')
fi
[ "$expected" -gt 0 ] || expected=1

say "metrics of $expected servers"
scrape ""
if [ -f "$out/metrics-0.txt" ]; then
    # Before 1.34 no metric has sizes: one page of what is large and holds no secrets.
    if ! grep -q '^apiserver_resource_size_estimate_bytes' "$out/metrics-0.txt"; then
        say "a page of objects: this release has no sizes in its metrics"
        for path in api/v1/pods api/v1/services api/v1/events apis/apps/v1/replicasets \
            apis/apps/v1/deployments apis/discovery.k8s.io/v1/endpointslices; do
            save "page-${path##*/}.json" "size of ${path##*/}" get --raw "/$path?limit=200"
        done
        miss "sizes of Secrets, ConfigMaps and custom resources: they are not read here; \
the size is that of  kubectl get --raw '/api/v1/configmaps?limit=500' | wc -c  over 500"
    fi
    say "the same metrics in $WAIT s"
    sleep "$WAIT"
    scrape "-later"
fi

say "audit logs"
if [ -n "$namespace" ]; then
    path=$(tr ',' '\n' < "$out/apiservers.json" 2> /dev/null |
        sed -n 's/.*--audit-log-path=\([^"]*\)".*/\1/p' | head -n 1)
    [ "$namespace" = openshift-kube-apiserver ] && path=/var/log/kube-apiserver/audit.log
    echo "$pods" > "$out/.pods"
    while read -r pod node; do
        [ -n "$pod" ] || continue
        file=$out/audit-$node.log
        case $path in
        -) k -n "$namespace" logs "$pod" < /dev/null 2> "$out/.error" | grep audit.k8s.io > "$file" ;;
        /var/log/*)
            # The kubelet shows what is below /var/log.
            k get --raw "/api/v1/nodes/$node/proxy/logs/${path#/var/log/}" \
                < /dev/null > "$file" 2> "$out/.error" ;;
        esac
        if [ -s "$file" ]; then
            if gzip -f "$file" 2> /dev/null; then file=$file.gz; fi
            got "$file"
        else
            rm -f "$file"
            [ -n "$path" ] && miss "the audit log of $pod: copy $path from node $node"
        fi
    done < "$out/.pods"
    [ -n "$path" ] || miss "who lists and watches what: the apiservers write no audit log \
(--audit-log-path, --audit-policy-file with level Metadata)"
else
    miss "who lists and watches what: the audit log; managed clusters have it in the log service of \
the provider (EKS: log group /aws/eks/NAME/cluster; AKS: category kube-audit)"
fi

rm -f "$out/.error" "$out/.scrape" "$out/.servers" "$out/.pods"
[ -s "$missing" ] || rm -f "$missing"
if ! [ -f "$out/version.json" ] && ! [ -f "$out/nodes.json" ] && ! [ -f "$out/metrics-0.txt" ]; then
    say "nothing could be had: is the cluster reachable?  $KUBECTL version"
    exit 1
fi
say ""
say "next: look through $out, then  oomcast import $out"
exit 0
