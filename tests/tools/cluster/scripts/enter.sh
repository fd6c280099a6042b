#!/bin/sh
# Runs a command inside a node: enter.sh <the cluster's folder> <command> [argument …]
# It joins the cluster's own control groups first, so that the command counts as the node's and not as the caller's.
set -eu
cluster=$1
shift
while read -r group; do
    echo $$ >"$group/cgroup.procs"
done <"$cluster/cgroups"
exec nsenter --target "$(cat "$cluster/first.pid")" --all -- "$@"
