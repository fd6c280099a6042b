"""Builds environment variables from the declaration: who the service is, and what it may use.

The author's variables override generated ones. Generated ones come first, so that the author's may refer to them as
`$(NAME)`. No name appears twice, because server-side apply merges variables by name.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from .. import names
from ..api.containers import EnvVar
from ..api.jobs import ScheduledJob
from ..api.stores import Database
from .connection_secret import owner_secret_name, runtime_secret_name
from .context import Context
from .image import version
from .queue_urls import messaging_variables

Variable = dict[str, Any]

SECRET_KEYS = {
    "URL": "url",
    "HOST": "host",
    "PORT": "port",
    "NAME": "database",
    "USER": "username",
    "PASSWORD": "password",
}


def service_variables(context: Context) -> list[Variable]:
    """Build the variables of the service's container."""
    microservice = context.microservice
    generated = [*_identity(context), *_aws(context), *_auth(context), *_tables(context)]
    generated += [_plain(name, value) for name, value in messaging_variables(context).items()]
    generated += _dependencies(context)
    for database in microservice.spec.databases or []:
        generated += _database(database, runtime_secret_name(microservice, database))
    return _with_given(context, generated)


def migration_variables(context: Context, database: Database) -> list[Variable]:
    """Build the variables of a migration: the database, with the login of the schema's owner, and no other resource."""
    secret = owner_secret_name(context.microservice, database)
    return _with_given(context, [*_identity(context), *_database(database, secret)])


def job_variables(context: Context, job: ScheduledJob) -> list[Variable]:
    """Build the variables of a scheduled job: those of the service, overridden by the job's own."""
    return _overridden(service_variables(context), job.env)


def _with_given(context: Context, generated: list[Variable]) -> list[Variable]:
    return _overridden(generated, context.microservice.spec.env)


def _overridden(variables: list[Variable], by: Sequence[EnvVar] | None) -> list[Variable]:
    given = [variable.manifest() for variable in by or []]
    taken = {variable["name"] for variable in given}
    by_name = {variable["name"]: variable for variable in variables if variable["name"] not in taken}
    return [*by_name.values(), *given]


def _identity(context: Context) -> list[Variable]:
    microservice, environment = context.microservice, context.environment
    release = version(microservice.spec.image)
    attributes = {"service.namespace": microservice.namespace, "service.version": release}
    variables = [_plain("SERVICE_NAME", microservice.name), _plain("SERVICE_VERSION", release)]
    if environment:
        attributes["deployment.environment.name"] = environment.name
        variables.append(_plain("ENVIRONMENT", environment.name))
        if environment.spec.aws:
            variables.append(_plain("AWS_REGION", environment.spec.aws.region))
    # Commas and equals signs separate the attributes, so values are percent-encoded, as OpenTelemetry requires.
    joined = ",".join(f"{key}={quote(value, safe='')}" for key, value in attributes.items())
    return [*variables, _plain("OTEL_SERVICE_NAME", microservice.name), _plain("OTEL_RESOURCE_ATTRIBUTES", joined)]


def _aws(context: Context) -> list[Variable]:
    """Build the emulator's address if the service calls AWS, with credentials: some must exist, and any will do."""
    if not context.aws_endpoint_url or not context.calls_aws:
        return []
    return [
        _plain("AWS_ENDPOINT_URL", context.aws_endpoint_url),
        _plain("AWS_ACCESS_KEY_ID", "emulator"),
        _plain("AWS_SECRET_ACCESS_KEY", "emulator"),
    ]


def _auth(context: Context) -> list[Variable]:
    """Build what a service needs to verify the token that the gateway checked."""
    jwt = context.jwt
    if jwt is None:
        return []
    return [_plain("API_AUTH_ISSUER", jwt.issuer), _plain("API_AUTH_AUDIENCES", ",".join(jwt.audiences))]


def _tables(context: Context) -> list[Variable]:
    tables = context.microservice.spec.tables or []
    variables = [_plain(names.variable(table.name, "TABLE"), context.tables[table.name].name) for table in tables]
    variables += [
        # a declared name has no two hyphens in a row, so none of the service's own tables has this variable
        _plain(f"{names.variable(microservice, '')}_{names.variable(table, 'TABLE')}", name)
        for (microservice, table), name in sorted(context.table_refs.items())
    ]
    if len(tables) == 1:
        variables.append(_plain("TABLE_NAME", context.tables[tables[0].name].name))
    return variables


def _dependencies(context: Context) -> list[Variable]:
    microservice = context.microservice
    variables = []
    for dependency in microservice.spec.dependencies or []:
        unknown = f"http://{dependency.name}.{microservice.namespace}.svc"
        url = context.dependency_urls.get(dependency.name, unknown)
        variables.append(_plain(names.variable(dependency.name, "URL"), url))
    return variables


def _database(database: Database, secret: str) -> list[Variable]:
    prefix = database.connection.env_prefix if database.connection else "DATABASE"
    return [
        {"name": f"{prefix}_{suffix}", "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}
        for suffix, key in SECRET_KEYS.items()
    ]


def _plain(name: str, value: str) -> Variable:
    return {"name": name, "value": value}
