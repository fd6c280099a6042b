"""The routes of a Microservice on its Environment's API gateway, as external resources."""

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from pydantic import ValidationError

from ..api.parsing import Environment, Identity
from ..api.routes import API as Spec  # noqa: N811 a model, not a constant
from ..api.routes import APIGateway, effective_auth
from ..aws.apigateway import routes as routes_fields
from ..aws.apigateway.route_ownership import Tokens
from ..aws.apigateway.routes import (
    API_PART,
    DesiredAPI,
    Others,
    accepted_tokens,
    api_url,
    delete_api,
    reconcile_api,
)
from ..aws.apigateway.shared_api import SharedAPI
from ..cluster.api_client import NOT_FOUND, ApiError
from ..cluster.kinds import CONFIG_MAP
from ..errors import NeedsPerson
from ..facts import Part, Reason, Section
from ..openapi import Route, Settings, document_text, path_prefix
from ..openapi import routes as document_routes
from ..openapi import settings as document_settings
from .clients import ExternalClients
from .resource import Declaration, DeleteInput, ExternalResource, ReconcileInput, StepResult

API = routes_fields.API.name
Bodies = Mapping[tuple[str, str], Mapping[str, Any]]


class Routes(ExternalResource):
    """The routes of `spec.api`: one resource for each Microservice."""

    kind = API
    section = Section.ROUTES
    holds_data = False

    def declarations(self, spec: Mapping[str, Any], _environment: Environment | None) -> Iterable[Declaration]:
        return [Declaration(API_PART)] if isinstance(spec.get("api"), Mapping) else []

    async def reconcile(self, declared: ReconcileInput) -> StepResult:
        service, spec = declared.service, declared.service.spec.api
        scope = self._clients.scope(service.identity, declared.environment, "routes")
        shared = _shared(declared.environment)
        if spec is None or shared is None or declared.environment is None:
            where = f"Environment {declared.environment.name}" if declared.environment else "an Environment"
            raise NeedsPerson(Reason.ENVIRONMENT_MISSING, f"routes need spec.aws.apiGateway of {where}; add it")
        desired = DesiredAPI(
            spec=spec,
            known=declared.known,
            field="spec.api",
            shared=shared,
            others=others(service.identity, declared.lookup.microservices, shared.gateway),
        )
        prefix = path_prefix(shared.gateway, service.namespace, service.name)
        settings = document_settings(spec, shared.gateway, prefix)
        read = partial(read_routes, self._clients, service.namespace, spec, settings)
        part = await reconcile_api(scope, desired, read)
        return StepResult((part,), address=api_url(scope, part, shared.gateway))

    async def delete(self, target: DeleteInput) -> tuple[Part, ...]:
        scope = self._clients.scope(target.owner, target.environment, "routes")
        environment = target.environment.name if target.environment else ""
        shared = _shared(target.environment)
        competing = others(target.owner, target.lookup.microservices, shared.gateway if shared else None)
        return (await delete_api(scope, target.removal, environment, shared, competing),)


def others(me: Identity, bodies: Bodies, gateway: APIGateway | None) -> Others:
    """Every other Microservice with routes: older or younger than `me`, and the tokens it asks for.

    `gateway` says what those ask for that leave it to the Environment.
    """
    ranks = {key: _rank(body) for key, body in bodies.items() if _api(body) is not None}
    mine = _rank(bodies.get((me.namespace, me.name), {"metadata": {"uid": me.uid}}))
    theirs = {key: rank for key, rank in ranks.items() if key != (me.namespace, me.name)}
    return Others(
        seniors=frozenset("/".join(key) for key, rank in theirs.items() if rank < mine),
        juniors=frozenset("/".join(key) for key, rank in theirs.items() if rank > mine),
        tokens=frozenset(token for key in theirs for token in _tokens(bodies[key], gateway)),
    )


async def read_routes(clients: ExternalClients, namespace: str, spec: Spec, settings: Settings) -> tuple[Route, ...]:
    """The routes of the OpenAPI document.

    Raises NeedsPerson if it does not exist or has offences.
    """
    document = await _document(clients, namespace, spec)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(clients.document_threads, document_routes, document, settings)


async def _document(clients: ExternalClients, namespace: str, spec: Spec) -> str:
    """The OpenAPI document.

    Raises NeedsPerson if it does not exist.
    """
    ref = spec.open_api.config_map_key_ref
    try:
        config_map = await clients.cluster.connection.send("GET", CONFIG_MAP.path(namespace, ref.name))
    except ApiError as error:
        if error.code != NOT_FOUND:
            raise error.expected() from error
        config_map = {}
    return document_text(config_map, ref.name, ref.key)


def _shared(environment: Environment | None) -> SharedAPI | None:
    aws = environment.spec.aws if environment else None
    if environment is None or aws is None or aws.api_gateway is None:
        return None
    return SharedAPI(environment.name, aws.api_gateway, environment.spec.tags or {})


def _rank(body: Mapping[str, Any]) -> tuple[str, str]:
    """Who was there first; of two of one second, one of them, always the same."""
    return str(body["metadata"].get("creationTimestamp") or ""), str(body["metadata"].get("uid") or "")


def _api(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    spec = body.get("spec")
    api = spec.get("api") if isinstance(spec, Mapping) else None
    return api if isinstance(api, Mapping) else None


def _tokens(body: Mapping[str, Any], gateway: APIGateway | None) -> tuple[Tokens, ...]:
    try:
        parsed = Spec.model_validate(_api(body), by_alias=True, by_name=False)
    except ValidationError:
        return ()
    return accepted_tokens(effective_auth(parsed, gateway))
