"""PURE: finds additions to exclusive fields of a child, which would break a security promise.

`drift` sees only declared fields, so it does not see these additions. All fields of a NetworkPolicy are exclusive. Of a
ServiceAccount it is the role in AWS. Of a pod it is what runs in it and with which rights: containers and their
settings, volumes, service account, namespaces of the node, security. The Microservice can declare each of these. All
other additions stay: labels and annotations, such as that of `kubectl rollout restart`, node selectors, tolerations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Object = Mapping[str, Any]

POD = ("spec", "template", "spec")
PODS = {"Deployment": POD, "CronJob": ("spec", "jobTemplate", *POD)}  # where a kind has its pod
ANNOTATIONS = ("metadata", "annotations")
AWS_IDENTITY = "eks.amazonaws.com/"  # of a ServiceAccount: which role its pods assume, and how
CONTAINERS = ("initContainers", "containers")
# Fields of the pod: each is as declared, or absent.
POD_FIELDS = (
    "hostPID",
    "hostNetwork",
    "hostIPC",
    "hostUsers",
    "shareProcessNamespace",
    "automountServiceAccountToken",
    "runtimeClassName",
    "securityContext",
)
# Fields of a container: the same rule.
CONTAINER_FIELDS = ("command", "args", "envFrom", "volumeDevices", "lifecycle", "securityContext")
# Lists of a container, with the keys that identify their items.
CONTAINER_LISTS = {"env": ("name",), "volumeMounts": ("mountPath",), "ports": ("containerPort", "protocol")}
# Values that the server itself writes into these fields.
DEFAULTS: Object = {"protocol": "TCP", "procMount": "Default"}
# Below these fields the server adds defaults that do not change the meaning.
FREE = frozenset({"httpGet", "tcpSocket"})


@dataclass(frozen=True)
class Addition:
    """An addition at `path`; setting the field at `pointer` to `value` removes it."""

    path: str
    pointer: tuple[str, ...]
    value: Any


def addition(kind: str, desired: Object, observed: Object) -> Addition | None:
    """Return the first addition that must not stay, `None` if there is none; its `value` also removes all others."""
    if kind == "NetworkPolicy":
        path = _difference(desired["spec"], observed.get("spec"), ".spec")
        return Addition(path, ("spec",), desired["spec"]) if path else None
    if kind in PODS:
        paths: list[str] = []
        pointer = PODS[kind]
        value = _pod(_at(desired, pointer), _at(observed, pointer), f".{'.'.join(pointer)}", paths)
        return Addition(paths[0], pointer, value) if paths else None
    if kind == "ServiceAccount":
        return _another_role(_at(desired, ANNOTATIONS), _at(observed, ANNOTATIONS))
    return None


def _another_role(desired: Object, observed: Object) -> Addition | None:
    """Return the added annotations that would make pods assume an undeclared role, `None` if there are none."""
    added = sorted(key for key in observed if key.startswith(AWS_IDENTITY) and key not in desired)
    if not added:
        return None
    kept = {key: value for key, value in observed.items() if key not in added}
    return Addition(f".metadata.annotations[{added[0]}]", ANNOTATIONS, kept)


def _at(item: Object, pointer: Sequence[str]) -> Any:
    value: Any = item
    for key in pointer:
        value = value.get(key) or {}
    return value


def _difference(desired: Any, observed: Any, path: str) -> str:
    """Return the path at which two values differ, "" if nowhere.

    An empty list equals an absent one, and a default that is written out equals an absent field.
    """
    if isinstance(desired, Mapping) and isinstance(observed, Mapping):
        for key in [*desired, *(key for key in observed if key not in desired)]:
            if key not in desired and DEFAULTS.get(key) == observed[key]:
                continue
            if differing := _difference(desired.get(key), observed.get(key), f"{path}.{key}"):
                return differing
        return ""
    if isinstance(desired, list) and isinstance(observed, list) and len(desired) == len(observed):
        pairs = enumerate(zip(desired, observed, strict=True))
        return next((differing for i, (a, b) in pairs if (differing := _difference(a, b, f"{path}[{i}]"))), "")
    return "" if desired == observed or (desired in (None, []) and observed in (None, [])) else path


def _pod(desired: Object, observed: Object, path: str, paths: list[str]) -> dict[str, Any]:
    """Return the observed pod, which is at `path`, without the additions; append their paths to `paths`."""
    pod = dict(observed)
    for key in POD_FIELDS:
        _keep_declared(pod, desired, key, path, paths)
    _keep_items(pod, desired, "volumes", ("name",), path, paths)
    _keep_volumes(pod, desired, path, paths)
    for key in CONTAINERS:
        _keep_items(pod, desired, key, ("name",), path, paths, whole=False)
        ours = {container["name"]: container for container in desired.get(key) or []}
        kept = pod.get(key) or []
        mended = [_container(ours[c["name"]], c, f"{path}.{key}[{c['name']}]", paths) for c in kept]
        if mended:
            pod[key] = mended
    return pod


def _container(desired: Object, observed: Object, path: str, paths: list[str]) -> dict[str, Any]:
    container = dict(observed)
    for key in CONTAINER_FIELDS:
        _keep_declared(container, desired, key, path, paths)
    for key, by in CONTAINER_LISTS.items():
        _keep_items(container, desired, key, by, path, paths)
    return container


def _keep_declared(holder: dict[str, Any], desired: Object, key: str, path: str, paths: list[str]) -> None:
    """Remove from one field what is not declared; `drift` detects declared values that differ."""
    there = holder.get(key)
    if there in (None, [], {}):
        return
    if key not in desired:
        if there is False or DEFAULTS.get(key) == there or (key == "hostUsers" and there is True):
            return
        paths.append(f"{path}.{key}")
        del holder[key]
    elif isinstance(there, Mapping) and isinstance(desired[key], Mapping):
        inner = dict(there)
        for name in there:
            if name not in FREE:
                _keep_declared(inner, desired[key], name, f"{path}.{key}", paths)
        holder[key] = inner
    elif isinstance(there, list) and there != desired[key]:
        paths.append(f"{path}.{key}")
        holder[key] = desired[key]


def _keep_items(  # noqa: PLR0913 one list of one holder
    holder: dict[str, Any],
    desired: Object,
    key: str,
    by: tuple[str, ...],
    path: str,
    paths: list[str],
    *,
    whole: bool = True,
) -> None:
    """Remove undeclared items from a list; with `whole`, replace an item that has an extra key by the declared item."""
    ours = {_identity(item, by): item for item in desired.get(key) or []}
    kept = []
    for item in holder.get(key) or []:
        named = _identity(item, by)
        declared = ours.get(named)
        if declared is None:
            paths.append(f"{path}.{key}[{named[0]}]")
        elif whole and any(name not in declared and value not in (None, False) for name, value in item.items()):
            paths.append(f"{path}.{key}[{named[0]}]")
            kept.append(declared)
        else:
            kept.append(item)
    if kept:
        holder[key] = kept
    else:
        holder.pop(key, None)


def _keep_volumes(pod: dict[str, Any], desired: Object, path: str, paths: list[str]) -> None:
    """Replace a declared volume that shows other files of a Secret or ConfigMap than declared."""
    ours = {volume["name"]: volume for volume in desired.get("volumes") or []}
    for index, volume in enumerate(pod.get("volumes") or []):
        declared = ours[volume["name"]]
        if any(_at(volume, (of, "items")) != _at(declared, (of, "items")) for of in ("secret", "configMap")):
            paths.append(f"{path}.volumes[{volume['name']}]")
            pod["volumes"][index] = declared


def _identity(item: Object, by: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(item.get(key, DEFAULTS.get(key)) for key in by)
