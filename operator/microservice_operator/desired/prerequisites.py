"""Why a child is not written yet, one sentence for each cause, "" when nothing is in the way.

A held Deployment leaves the pods of the former version as they are: that is how a failed migration keeps the old pods.
"""

from .. import names
from ..api.stores import Database
from .context import Context, Migration


def connection_wait(context: Context, database: Database) -> str:
    """What the Secrets of a database wait for."""
    return "" if database.name in context.connections else f"database {database.name} has no connection yet"


def database_wait(context: Context, database: Database) -> str:
    """What everything that talks to a database waits for."""
    return connection_wait(context, database) or context.database_waits.get(database.name, "")


def migration_wait(context: Context, database: Database) -> str:
    """What the pods wait for after the database itself."""
    if database.migration is None:
        return ""
    job = migration_job_name(context, database)
    state = context.migrations.get(job)
    if state is Migration.DONE:
        return ""
    if state is Migration.FAILED:
        return f"migration Job {job} failed, so the pods stay as they are; read its log, then mend what it is made of"
    return f"migration Job {job} has not finished yet"


def migration_turn(context: Context, job: str) -> str:
    """What a migration Job waits for before it is made: two on one database could break its schema."""
    if job in context.migrations or not context.migrating:
        return ""
    other = min(context.migrating)
    if other == job:
        return f"migration Job {job} waits until the pod of the former Job of this name has ended"
    return f"migration Job {job} waits for migration Job {other}, which ends within its timeout, or when it is deleted"


def table_wait(context: Context, name: str) -> str:
    """What the pods wait for until AWS has made a table."""
    table = context.tables.get(name)
    return "" if table and table.ready else f"table {name} is not ready yet"


def topic_wait(context: Context, name: str) -> str:
    """What the pods wait for until AWS has made a topic."""
    topic = context.topics.get(name)
    return "" if topic and topic.ready else f"topic {name} is not ready yet"


def queue_wait(context: Context, name: str) -> str:
    """What the pods wait for until AWS has made a queue."""
    queue = context.queues.get(name)
    return "" if queue and queue.ready else f"queue {name} is not ready yet"


def rollout_wait(context: Context) -> str:
    """What the Deployment waits for: the first cause, in the order in which one waits for the other."""
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
    """Whether pods cannot even be described: a connection, or the name of something in AWS, is unknown."""
    spec = context.microservice.spec
    needed = (
        (spec.databases, context.connections),
        (spec.tables, context.tables),
        (spec.topics, context.topics),
        (spec.queues, context.queues),
    )
    return any(part.name not in known for declared, known in needed for part in declared or ())


def migration_job_name(context: Context, database: Database) -> str:
    """Name of the migration Job, which tells whether this image has migrated already with this command.

    Of an image that is given by digest, the digest alone counts, from whichever registry it comes.
    """
    microservice, migration = context.microservice, database.migration
    command = ("\1".join(part or []) for part in (migration.command, migration.args)) if migration else ()
    image = microservice.spec.image
    digest = names.short_hash(image.partition("@")[2] or image, *command, database.name)
    return names.migration_job(microservice.name, digest)
