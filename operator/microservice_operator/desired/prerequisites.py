"""Says why a child is not written yet: one message per cause, "" if nothing holds it.

A held Deployment leaves the pods of the old version running, so the old pods survive a failed migration.
"""

from .. import names
from ..api.stores import Database
from .context import Context, Migration


def connection_wait(context: Context, database: Database) -> str:
    """Say what the Secrets of a database wait for."""
    return "" if database.name in context.connections else f"database {database.name} has no connection yet"


def database_wait(context: Context, database: Database) -> str:
    """Say what every user of a database waits for."""
    return connection_wait(context, database) or context.database_waits.get(database.name, "")


def migration_wait(context: Context, database: Database) -> str:
    """Say what the pods wait for once the database itself is ready."""
    if database.migration is None:
        return ""
    job = migration_job_name(context, database)
    state = context.migrations.get(job)
    if state is Migration.DONE:
        return ""
    if state is Migration.FAILED:
        return f"migration Job {job} failed, so the pods stay unchanged; read its log, then fix the image or the spec"
    return f"migration Job {job} has not finished yet"


def migration_turn(context: Context, job: str) -> str:
    """Say what a migration Job waits for before its creation: two on one database could break the schema."""
    if job in context.migrations or not context.migrating:
        return ""
    running = min(context.migrating)
    if running == job:
        return f"migration Job {job} is waiting until the pod of the earlier Job of this name has ended"
    return (
        f"migration Job {job} is waiting for migration Job {running}, which ends at its timeout or when it is deleted"
    )


def table_wait(context: Context, name: str) -> str:
    """Say what the pods wait for until AWS has created a table."""
    table = context.tables.get(name)
    return "" if table and table.ready else f"table {name} is not ready yet"


def topic_wait(context: Context, name: str) -> str:
    """Say what the pods wait for until AWS has created a topic."""
    topic = context.topics.get(name)
    return "" if topic and topic.ready else f"topic {name} is not ready yet"


def queue_wait(context: Context, name: str) -> str:
    """Say what the pods wait for until AWS has created a queue."""
    queue = context.queues.get(name)
    return "" if queue and queue.ready else f"queue {name} is not ready yet"


def rollout_wait(context: Context) -> str:
    """Say what the Deployment waits for: the first cause, in dependency order."""
    spec = context.microservice.spec
    databases = spec.databases or []
    waits = (
        *(database_wait(context, database) for database in databases),
        *(migration_wait(context, database) for database in databases),
        *(table_wait(context, table.name) for table in spec.tables or []),
        *(topic_wait(context, topic.name) for topic in spec.topics or []),
        *(queue_wait(context, queue.name) for queue in spec.queues or []),
        context.identity_wait,
    )
    return next((wait for wait in waits if wait), "")


def facts_missing(context: Context) -> bool:
    """Return whether pods cannot be built, because a connection or the name of an AWS resource is unknown."""
    spec = context.microservice.spec
    needed = (
        (spec.databases, context.connections),
        (spec.tables, context.tables),
        (spec.topics, context.topics),
        (spec.queues, context.queues),
    )
    return any(part.name not in resolved for declared, resolved in needed for part in declared or ())


def migration_job_name(context: Context, database: Database) -> str:
    """Return the name of the migration Job, which shows whether this image has already migrated with this command.

    For an image with a digest, only the digest counts, not the registry.
    """
    microservice, migration = context.microservice, database.migration
    command = ("\1".join(part or []) for part in (migration.command, migration.args)) if migration else ()
    image = microservice.spec.image
    digest = names.short_hash(image.partition("@")[2] or image, *command, database.name)
    return names.migration_job(microservice.name, digest)
