"""PURE: what a Microservice may restore, and the consent that foreign data needs from the Environment.

The author of a Microservice could name any backup in the account. Data that is not proven to be the Microservice's own
needs an annotation of the Environment: `NAMESPACE/MICROSERVICE:tables/TABLE`,
`NAMESPACE/MICROSERVICE:databases/SNAPSHOT` or `NAMESPACE/MICROSERVICE:databases/INSTANCE`, one or several.
"""

from datetime import UTC, datetime

from .. import names
from ..api.stores import Database, Table
from ..aws.dynamodb.restore_source import table_of
from ..aws.rds.restore_source import name_of
from ..raw_objects import mapping, text
from ..resources import Consent
from .adoption import DATABASES, TABLES, consented
from .consents import consents
from .resource import ReconcileInput


def table_restore(declared: ReconcileInput, table: Table) -> Consent | None:
    """Whether the Environment consents to the restore of foreign data into a table; None without `restoreFrom`."""
    return _consent(declared, TABLES, table_of(table.restore_from)) if table.restore_from else None


def instance_restore(declared: ReconcileInput, database: Database) -> Consent | None:
    """Whether the Environment consents to the restore of foreign data into an instance; None without `restoreFrom`."""
    return _consent(declared, DATABASES, name_of(database.restore_from)) if database.restore_from else None


def _consent(declared: ReconcileInput, section: str, source: str) -> Consent:
    item = consented(declared.service.identity, section, source)
    return Consent(item in consents(declared.environment, names.ANNOTATION_RESTORE), item)


def created(declared: ReconcileInput) -> datetime | None:
    """Return when the Microservice was created; the API server sets this time, and nobody can change it."""
    identity = declared.service.identity
    body = declared.lookup.microservices.get((identity.namespace, identity.name), {})
    metadata = mapping(body, "metadata")
    if text(metadata, "uid") != identity.uid:
        return None
    try:
        time = datetime.fromisoformat(text(metadata, "creationTimestamp"))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
