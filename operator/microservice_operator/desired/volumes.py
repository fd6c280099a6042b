"""Builds volumes and mounts: a writable /tmp on a read-only root, the CAs of database servers, and the spec's own."""

from collections.abc import Sequence
from typing import Any

from ..api.base import Model
from .connection_secret import CERTIFICATES_FILE, certificates_directory
from .context import Context

TMP = {"name": "tmp", "emptyDir": {}}
TMP_MOUNT = {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108 a path in the container


def volumes(context: Context, secrets: dict[str, str]) -> list[dict[str, Any]]:
    """Build the volumes that every pod has; `secrets` maps a database to the Secret with its connection."""
    return [TMP, *(_certificates(name, secret) for name, secret in secrets.items() if _has_certificates(context, name))]


def mounts(context: Context) -> list[dict[str, Any]]:
    """Build the mounts of these volumes in a container that connects to the databases."""
    declared = [database.name for database in context.microservice.spec.databases or []]
    return [
        TMP_MOUNT,
        *(
            {"name": _volume_name(name), "mountPath": certificates_directory(name), "readOnly": True}
            for name in declared
            if _has_certificates(context, name)
        ),
    ]


def overlaid(built_in: list[dict[str, Any]], given: Sequence[Model] | None, key: str) -> list[dict[str, Any]]:
    """Combine built-in and given items; of two with the same `key`, the given one stays."""
    wanted = [item.manifest() for item in given or []]
    taken = {item[key].rstrip("/") for item in wanted}
    return [*(item for item in built_in if item[key] not in taken), *wanted]


def _has_certificates(context: Context, database: str) -> bool:
    return bool(context.connections[database].certificates)


def _certificates(database: str, secret: str) -> dict[str, Any]:
    items = [{"key": "certificates", "path": CERTIFICATES_FILE}]
    return {"name": _volume_name(database), "secret": {"secretName": secret, "items": items}}


def _volume_name(database: str) -> str:
    """Return a name with two hyphens, which the API refuses in the spec, so no volume of the spec has the same name."""
    return f"database--{database}"
