"""Builds the builders' input for services in files; values that only a cluster knows are placeholders."""

from collections.abc import Iterator

from ..api.parsing import Environment, Microservice
from ..aws.engine.arns import TABLE_NAME_LIMIT, queue_name, topic_name
from ..desired.context import Connection, Context, Login, Message, Migration, Table
from ..desired.prerequisites import migration_job_name
from ..partitions import partition
from . import placeholders
from .loading import LoadedFiles, placed


def contexts(loaded: LoadedFiles, aws_endpoint_url: str | None = None) -> Iterator[Context]:
    """Yield the context of each service whose Environment is known; the others get a complaint."""
    urls = {(s.namespace, s.name): s.url for _, s in loaded.services if s.url}
    for service, environment in placed(loaded):
        of_namespace = {name: url for (namespace, name), url in urls.items() if namespace == service.namespace}
        yield _context(service, environment, of_namespace, aws_endpoint_url)


def _context(
    service: Microservice, environment: Environment | None, urls: dict[str, str], aws_endpoint_url: str | None
) -> Context:
    databases, tables = service.spec.databases or [], service.spec.tables or []
    named = placeholders.cloud_names(service.namespace, service.name)
    bare = Context(service, environment)
    return Context(
        service,
        environment,
        connections={database.name: _connection(environment) for database in databases},
        migrations={migration_job_name(bare, database): Migration.DONE for database in databases},
        dependency_urls=urls,
        tables={
            table.name: Table(table.adopt.name if table.adopt else named(table.name, TABLE_NAME_LIMIT), ready=True)
            for table in tables
        },
        topics={
            topic.name: _message("sns", environment, topic_name(named, topic.name, fifo=topic.fifo))
            for topic in service.spec.topics or []
        },
        queues={
            queue.name: _message("sqs", environment, queue_name(named, queue.name, fifo=queue.fifo))
            for queue in service.spec.queues or []
        },
        table_refs={
            (ref.microservice, ref.table): placeholders.cloud_name(service.namespace, ref.microservice, ref.table)
            for ref in service.spec.table_refs or []
        },
        aws_endpoint_url=aws_endpoint_url,
        service_monitors=True,
    )


def _message(service: str, environment: Environment | None, name: str) -> Message:
    aws = environment.spec.aws if environment else None
    location = f"{aws.region}:{aws.account_id}" if aws else f"{placeholders.REGION}:{placeholders.ACCOUNT_ID}"
    return Message(f"arn:{partition(aws.region if aws else '')}:{service}:{location}:{name}", ready=True)


def _connection(environment: Environment | None) -> Connection:
    provider = environment.spec.databases if environment else None
    shared = provider.shared if provider else None
    login = Login(placeholders.USER_NAME, placeholders.PASSWORD)
    mode = shared.ssl_mode if shared else "verify-full"
    return Connection(
        host=shared.host if shared else placeholders.DATABASE_HOST,
        port=shared.port if shared else 5432,
        database=placeholders.DATABASE_NAME,
        ssl_mode=mode,
        runtime=login,
        owner=login,
        certificates="" if mode == "require" else placeholders.CERTIFICATES,
    )
