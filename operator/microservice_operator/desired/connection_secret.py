"""Builds the Secrets with the connection data of a database.

The service reads one. The other has the login of the schema's owner; only the migration reads it. Both follow the
Service Binding specification, so libraries that know it find the data.
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .. import names
from ..api.parsing import Microservice
from ..api.stores import Database
from ..database_connection import Rotated
from .context import Child, Connection, Context, Login
from .hashing import canonical
from .metadata import child
from .prerequisites import connection_wait

CERTIFICATES_ROOT = "/etc/microservice/databases"
CERTIFICATES_FILE = "ca.crt"


def connection_secrets(context: Context) -> tuple[Child, ...]:
    """Build both Secrets of every declared database; they are held while its connection is unknown."""
    databases = context.microservice.spec.databases or []
    return tuple(secret for database in databases for secret in _secrets(context, database))


def runtime_secret_name(microservice: Microservice, database: Database) -> str:
    """Return the name of the Secret that the service reads."""
    return microservice.database_secrets(database)[0]


def owner_secret_name(microservice: Microservice, database: Database) -> str:
    """Return the name of the Secret that the migration reads."""
    return microservice.database_secrets(database)[1]


def certificates_directory(database: str) -> str:
    """Return the directory in which the CA of a database's server is mounted."""
    return f"{CERTIFICATES_ROOT}/{database}"


def connection_hash(context: Context) -> str:
    """Return a hash of the data of the service's Secrets, "" if there are none.

    It is in the pod template, so the pods roll when the data changes. It omits the owner's login, because only
    migrations use that.
    """
    contents = {
        name: _content(name, connection, connection.runtime) for name, connection in sorted(context.connections.items())
    }
    declared = {database.name for database in context.microservice.spec.databases or []}
    contents = {name: content for name, content in contents.items() if name in declared}
    return names.short_hash(canonical(contents)) if contents else ""


def rotations(context: Context) -> dict[str, str]:
    """Return the annotations that show with which rotation of each password the pods start; {} without one."""
    declared = {database.name for database in context.microservice.spec.databases or []}
    return {
        names.rotated_at(name): connection.runtime.rotated.at
        for name, connection in sorted(context.connections.items())
        if name in declared and connection.runtime.rotated.at
    }


def _secrets(context: Context, database: Database) -> tuple[Child, Child]:
    microservice, connection = context.microservice, context.connections.get(database.name)
    runtime, owner = microservice.database_secrets(database)
    if connection is None:
        held = connection_wait(context, database)
        return Child("Secret", runtime, None, held), Child("Secret", owner, None, held)
    return (
        _secret(context, runtime, _content(database.name, connection, connection.runtime), connection.runtime.rotated),
        _secret(context, owner, _content(database.name, connection, connection.owner), connection.owner.rotated),
    )


def _secret(context: Context, name: str, content: dict[str, str], rotated: Rotated) -> Child:
    """Build a Secret. It records the rotation of its password, so that both change in one write."""
    encoded = {key: b64encode(value.encode()).decode() for key, value in content.items()}
    annotations = {
        names.ANNOTATION_DATA_HASH: data_hash(encoded),
        names.ANNOTATION_ROTATED_AT: rotated.at,
        names.ANNOTATION_ROTATION_REQUEST: rotated.request,
    }
    metadata = {"annotations": {key: value for key, value in annotations.items() if value}}
    fields = {"metadata": metadata, "type": "servicebinding.io/postgresql", "data": encoded}
    return child(context, "Secret", name, fields)


def data_hash(data: Mapping[str, Any]) -> str:
    """Return a hash of a Secret's data, which distinguishes what the operator wrote from manual edits.

    The passwords in the data have 256 bits of entropy, so the hash does not help to guess them.
    """
    return names.short_hash(canonical(dict(data)), length=32)


def _content(database: str, connection: Connection, login: Login) -> dict[str, str]:
    url = _url(database, connection, login)
    content = {
        "type": "postgresql",
        "provider": names.MANAGED_BY,
        "host": connection.host,
        "port": str(connection.port),
        "database": connection.database,
        "username": login.username,
        "password": login.password,
        "uri": url,
        "url": url,
    }
    return content | ({"certificates": connection.certificates} if connection.certificates else {})


def _url(database: str, connection: Connection, login: Login) -> str:
    who = f"{quote(login.username, safe='')}:{quote(login.password, safe='')}"
    url = f"postgresql://{who}@{connection.host}:{connection.port}/{quote(connection.database, safe='')}"
    url += f"?sslmode={connection.ssl_mode}"
    if connection.certificates:
        url += f"&sslrootcert={certificates_directory(database)}/{CERTIFICATES_FILE}"
    return url
