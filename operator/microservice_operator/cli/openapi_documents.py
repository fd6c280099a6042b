"""Finds the OpenAPI documents of Microservices: in ConfigMaps of the same files, or in separate files."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..api.parsing import Environment, Microservice
from ..api.routes import API, APIGateway, Auth, ConfigMapKey, effective_auth
from ..errors import NeedsPerson
from ..openapi import DEFAULT, Offence, Reading, Settings, document_text, path_prefix, settings
from ..openapi import read as read_document
from ..reading import line_of
from .yaml_documents import Document, file_name, file_text


class Ambiguous(Exception):
    """There is one document, and it may belong to several Microservices."""


@dataclass(frozen=True)
class Contract:
    """One document and its parsed form; `service` is `namespace/name`, or "" if no Microservice is known.

    `text` is the content of a file; otherwise the document is in `config_map`. `auth` is the authorization that
    applies, `None` if it is unknown or missing.
    """

    service: str
    file: str
    reading: Reading
    text: str = ""
    config_map: Document | None = None
    key: str = ""
    auth: Auth | None = None

    def line(self, offence: Offence) -> int:
        """Return the line of an offence in the file, as exactly as possible."""
        if self.config_map:
            return self.config_map.line(["data", self.key])
        return self.reading.line or line_of(self.text, offence.place)


EnvironmentOf = Callable[[Microservice], Environment | None]


def in_file(file: Path, services: Iterable[Microservice], environment_of: EnvironmentOf) -> Contract:
    """Read the document in a file, with the settings of its Microservice if one of the services has routes.

    Raises Unreadable, and Ambiguous if several services have routes.
    """
    publishing = [service for service in services if service.spec.api]
    if len(publishing) > 1:
        names = ", ".join(f"{service.namespace}/{service.name}" for service in publishing)
        raise Ambiguous(f"belongs to one Microservice, but {names} have routes; pass the file of only one of them")
    text = file_text(file)
    for service in publishing:
        if service.spec.api:
            reading, auth = _read(text, service, service.spec.api, environment_of)
            return Contract(f"{service.namespace}/{service.name}", file_name(file), reading, text, auth=auth)
    return Contract("", file_name(file), read_document(text), text)


def in_config_map(
    service: Microservice, config_maps: Iterable[Document], environment_of: EnvironmentOf
) -> Contract | None:
    """Read the document of a Microservice with routes; `None` if its ConfigMap is not in the files."""
    if service.spec.api is None:
        return None
    ref = service.spec.api.open_api.config_map_key_ref
    config_map = next((held for held in config_maps if _is(held, service.namespace, ref.name)), None)
    if config_map is None:
        return None
    bare = Contract(
        f"{service.namespace}/{service.name}", config_map.file, Reading(), config_map=config_map, key=ref.key
    )
    try:
        text = document_text(_data(config_map.content), ref.name, ref.key)
    except NeedsPerson as error:
        return replace(bare, reading=Reading(offences=(Offence((), str(error)),)))
    reading, auth = _read(text, service, service.spec.api, environment_of)
    return replace(bare, reading=reading, auth=auth)


def unknown_auth(service: Microservice, environment: Environment | None) -> bool:
    """Return whether the files do not tell who may call the routes, because the unknown Environment decides."""
    return service.spec.api is not None and service.spec.api.auth is None and environment is None


def _read(text: str, service: Microservice, api: API, environment_of: EnvironmentOf) -> tuple[Reading, Auth | None]:
    environment = environment_of(service)
    aws = environment.spec.aws if environment else None
    gateway = aws.api_gateway if aws else None
    return read_document(text, _settings(service, api, environment, gateway)), effective_auth(api, gateway)


def _settings(service: Microservice, api: API, environment: Environment | None, gateway: APIGateway | None) -> Settings:
    if unknown_auth(service, environment):
        return replace(DEFAULT, base_path=api.open_api.base_path)
    return settings(api, gateway, path_prefix(gateway, service.namespace, service.name))


def missing(ref: ConfigMapKey) -> str:
    """Say why a document was not checked."""
    return f"ConfigMap {ref.name} is not in the files; pass its document with --openapi"


def _is(document: Document, namespace: str, name: str) -> bool:
    """Return whether a document is this ConfigMap; without a namespace it is applied to the current one."""
    content = document.content if isinstance(document.content, dict) else {}
    metadata = content.get("metadata")
    held = metadata if isinstance(metadata, dict) else {}
    return (content.get("apiVersion"), content.get("kind"), held.get("name")) == ("v1", "ConfigMap", name) and held.get(
        "namespace", namespace
    ) == namespace


def _data(content: Any) -> dict[str, Any]:
    """Return the text and binary data of a ConfigMap; the API server refuses anything else."""
    fields = {name: content.get(name) for name in ("data", "binaryData")}
    return {
        name: {k: v for k, v in held.items() if isinstance(v, str)}
        for name, held in fields.items()
        if isinstance(held, dict)
    } or {"data": {}}
