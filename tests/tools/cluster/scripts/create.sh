#!/bin/sh
# Creates a node's namespaces: create.sh <the cluster's folder> <the program that stays as their first process>
# The control groups come before the namespaces: what a process is in when it unshares is the root that it sees then.
set -eu
cluster=$1
while read -r group; do
    echo $$ >"$group/cgroup.procs"
done <"$cluster/cgroups"
exec unshare --mount --propagation private --net --pid --uts --ipc --cgroup --fork --kill-child --mount-proc \
    "$(dirname "$0")/first.sh" "$@"
