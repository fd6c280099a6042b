"""A control group of the cluster's own below the caller's, so that its pods count against the caller's limits.

Version 1 has one hierarchy for each controller, version 2 one for all of them; there a group that hands controllers
down may hold no processes itself, so the node's processes live in a group one level below it.
"""

import time
from pathlib import Path

from .errors import ClusterError

HELD = "processes"  # version 2: where the node's processes are


def create_groups(name: str) -> list[Path]:
    """Create the cluster's groups, one for each hierarchy that the caller is in; their folders."""
    groups = [_parent(folder) / f"microservice-operator-{name}" for folder in _own_groups()]
    for group in groups:
        group.mkdir(exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):  # empty in a new group of version 1, and then useless
            if not _version2(group) and (group / setting).exists():
                (group / setting).write_text((group.parent / setting).read_text())
    return groups


def settle(groups: list[Path], pids: list[int]) -> list[Path]:
    """Once the namespaces are there: where the node's processes go. Version 2: one level down, with all controllers."""
    for group in groups:
        if _version2(group):
            (group / HELD).mkdir(exist_ok=True)
            for pid in pids:
                (group / HELD / "cgroup.procs").write_text(str(pid))
            controllers = (group / "cgroup.controllers").read_text().split()
            (group / "cgroup.subtree_control").write_text(" ".join(f"+{controller}" for controller in controllers))
    return [group / HELD if _version2(group) else group for group in groups]


def remove_groups(name: str) -> None:
    """Remove the cluster's groups and those of its pods; their processes are gone, or going."""
    for group in [_parent(folder) / f"microservice-operator-{name}" for folder in _own_groups()]:
        deadline = time.monotonic() + 10
        while group.exists():
            try:
                for folder in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
                    folder.rmdir()
                group.rmdir()
            except OSError as error:
                if time.monotonic() > deadline:
                    raise ClusterError(f"the control group {group} cannot be removed: {error.strerror}") from error
                time.sleep(0.1)


def _own_groups() -> list[Path]:
    """The folders of the groups that this process is in; those of version 2 only where version 1 is not used."""
    lines = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    version1 = any(controllers for _, controllers, _ in lines)
    return [_folder(controllers, path) for _, controllers, path in lines if controllers or not version1]


def _folder(controllers: str, path: str) -> Path:
    """Where the group `path` of a hierarchy is seen on this machine."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        seen, _, mount = line.partition(" - ")
        kind, _, options = mount.split(" ", 2)
        wanted = set(controllers.split(",")) <= set(options.split(",")) if controllers else True
        if kind == ("cgroup" if controllers else "cgroup2") and wanted:
            root, folder = seen.split()[3:5]
            return Path(folder) / path.removeprefix(root).strip("/")
    raise ClusterError(f"the control groups of {controllers or 'version 2'} are not mounted below /sys/fs/cgroup")


def _parent(own: Path) -> Path:
    """The parent of the cluster's group: the caller's; in version 2 the root, because the caller's has processes."""
    while _version2(own) and (own.parent / "cgroup.controllers").exists():
        own = own.parent
    return own


def _version2(group: Path) -> bool:
    return (group / "cgroup.controllers").exists()
