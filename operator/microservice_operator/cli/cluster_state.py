"""Reads from a cluster, through the kubeconfig, the current state of Microservices in files; writes nothing."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

import yaml

from ..cluster.api_client import FORBIDDEN, NOT_FOUND, ApiError, Connection, configuration
from ..cluster.kinds import ENVIRONMENT, MICROSERVICE, NAMESPACE
from ..errors import OperatorError
from ..names import LABEL_ENVIRONMENT
from .loading import LoadedFiles, default, take_in
from .yaml_documents import Document, Unreadable

_OFFLINE = "to compare with an older file and without a cluster, use --against FILE"


def live(wanted: LoadedFiles, context: str | None) -> LoadedFiles:
    """Return the same Microservices as in the cluster, its Environments, and the Environment of each namespace.

    Raises Unreadable if the cluster cannot be reached or refuses access.
    """
    try:
        return asyncio.run(_look({(item.namespace, item.name) for _, item in wanted.services}, context))
    except OperatorError as error:
        raise Unreadable(f"{error}; {_OFFLINE}") from None
    except ApiError as error:
        remedy = "install the operator's CRDs there" if error.code == NOT_FOUND else "request permission to read it"
        raise Unreadable(f"{error}; {remedy}; {_OFFLINE}") from None


def environments(context: str | None) -> LoadedFiles:
    """Return the Environments of a cluster.

    Raises Unreadable if the cluster cannot be reached or refuses access.
    """
    try:
        return asyncio.run(_environments(context))
    except (OperatorError, ApiError) as error:
        raise Unreadable(f"{error}; to work without a cluster, name the Environment's file with -f") from None


async def _environments(context: str | None) -> LoadedFiles:
    connection = Connection(await configuration(context), limit=8)
    loaded = LoadedFiles()
    try:
        for body in (await connection.send("GET", ENVIRONMENT.path())).get("items", []):
            take_in(loaded, _document({**body, "apiVersion": ENVIRONMENT.api_version, "kind": ENVIRONMENT.kind}))
    finally:
        await connection.close()
    return loaded


async def _look(keys: Collection[tuple[str, str]], context: str | None) -> LoadedFiles:
    connection = Connection(await configuration(context), limit=8)
    loaded = LoadedFiles()
    try:
        # A user may have access to a namespace but not to cluster-scoped objects; then --environment provides them.
        environments = await _read(connection, ENVIRONMENT.path(), FORBIDDEN)
        for body in environments.get("items", []):
            take_in(loaded, _document({**body, "apiVersion": ENVIRONMENT.api_version, "kind": ENVIRONMENT.kind}))
        for namespace in sorted({namespace for namespace, _ in keys}):
            labels = (await _read(connection, NAMESPACE.path(name=namespace), FORBIDDEN, NOT_FOUND)).get("metadata", {})
            named = labels.get("labels", {}).get(LABEL_ENVIRONMENT)
            if environments:
                loaded.chosen[namespace] = named or default(loaded)
        for namespace, name in sorted(keys):
            body = await _read(connection, MICROSERVICE.path(namespace, name), NOT_FOUND)
            if body:
                take_in(loaded, _document(body))
    finally:
        await connection.close()
    return loaded


async def _read(connection: Connection, path: str, *unless: int) -> dict[str, Any]:
    """Return an object, or {} if the API server refuses with one of these codes."""
    try:
        return await connection.send("GET", path)
    except ApiError as error:
        if error.code in unless:
            return {}
        raise


def _document(body: Mapping[str, Any]) -> Document:
    """Return the declared content of an object, without the fields that the API server and the operator set."""
    kept = ("namespace", "name", "labels", "annotations")
    metadata = {key: value for key, value in body["metadata"].items() if key in kept}
    content = {**{key: body[key] for key in ("apiVersion", "kind", "spec") if key in body}, "metadata": metadata}
    return Document("the cluster", 1, content, yaml.safe_dump(content))
