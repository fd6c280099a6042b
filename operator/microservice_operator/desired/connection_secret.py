"""How pods reach a database: one Secret for the service, one for the schema's owner that only the migration reads.

Both follow the Service Binding specification, so that libraries which know it find what they look for.
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .. import names
from ..api.parsing import Microservice
from ..api.stores import Database
from .context import Child, Connection, Context, Login
from .hashing import canonical
from .metadata import child
from .prerequisites import connection_wait

CERTIFICATES_ROOT = "/etc/microservice/databases"
CERTIFICATES_FILE = "ca.crt"


def connection_secrets(context: Context) -> tuple[Child, ...]:
    """Both Secrets of every declared database; held while its connection is unknown."""
    databases = context.microservice.spec.databases or []
    return tuple(secret for database in databases for secret in _secrets(context, database))


def runtime_secret_name(microservice: Microservice, database: Database) -> str:
    """Name of the Secret that the service reads."""
    return microservice.database_secrets(database)[0]


def owner_secret_name(microservice: Microservice, database: Database) -> str:
    """Name of the Secret that the migration reads."""
    return microservice.database_secrets(database)[1]


def certificates_directory(database: str) -> str:
    """Where the CA of a database's server is mounted."""
    return f"{CERTIFICATES_ROOT}/{database}"


def connection_hash(context: Context) -> str:
    """Hash of what the service's Secrets hold, "" without any: in the pod template, it rolls the pods on a change.

    The owner's login is left out: only migrations use it.
    """
    known = {name: _content(name, found, found.runtime) for name, found in sorted(context.connections.items())}
    declared = {database.name for database in context.microservice.spec.databases or []}
    known = {name: content for name, content in known.items() if name in declared}
    return names.short_hash(canonical(known)) if known else ""


def _secrets(context: Context, database: Database) -> tuple[Child, Child]:
    microservice, connection = context.microservice, context.connections.get(database.name)
    runtime, owner = microservice.database_secrets(database)
    if connection is None:
        held = connection_wait(context, database)
        return Child("Secret", runtime, None, held), Child("Secret", owner, None, held)
    return (
        _secret(context, runtime, _content(database.name, connection, connection.runtime)),
        _secret(context, owner, _content(database.name, connection, connection.owner)),
    )


def _secret(context: Context, name: str, content: dict[str, str]) -> Child:
    encoded = {key: b64encode(value.encode()).decode() for key, value in content.items()}
    metadata = {"annotations": {names.ANNOTATION_DATA_HASH: data_hash(encoded)}}
    fields = {"metadata": metadata, "type": "servicebinding.io/postgresql", "data": encoded}
    return child(context, "Secret", name, fields)


def data_hash(data: Mapping[str, Any]) -> str:
    """Hash of what a Secret holds: it tells what the operator wrote from what somebody edited.

    The passwords in it have 256 bits of entropy, so nobody finds them by trying.
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
