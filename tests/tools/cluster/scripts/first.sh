#!/bin/sh
# The first process of a node: furnishes its namespaces and then stays, reaping what is left to it.
# Started by create.sh with the cluster's folder and the program that stays. Everything mounted here goes with it.
set -eu
cluster=$1
stays=$2

# Control groups as the node sees them: its own group is the root.
if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
else
    mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
    while IFS=: read -r _ controllers _; do
        [ -n "$controllers" ] || continue # the unified hierarchy beside version 1
        folder=/sys/fs/cgroup/${controllers#name=}
        mkdir -p "$folder"
        case $controllers in name=*) controllers=none,$controllers ;; esac
        mount -t cgroup -o "$controllers" cgroup "$folder"
        for one in $(basename "$folder" | tr , ' '); do
            [ -e "/sys/fs/cgroup/$one" ] || ln -s "$(basename "$folder")" "/sys/fs/cgroup/$one"
        done
    done </proc/self/cgroup
fi

# What the kubelet and the runtime write stays in the cluster's folder, or in memory, and never on the host.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock "$cluster/var-lib" "$cluster/var-log"
mount --bind "$cluster/var-log" /var/log
mount --bind "$cluster/var-lib" /var/lib

# The kubelet sets these for the whole machine, or dies; it may believe that it did.
mkdir -p /run/sysctl
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
    kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    path=${setting%=*}
    file=/run/sysctl/$(echo "$path" | tr / .)
    echo "${setting#*=}" >"$file"
    mount --bind "$file" "/proc/sys/$path"
done

hostname node
ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
[ ! -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables

touch "$cluster/furnished"
exec "$stays"
