"""Routes against the strict layer: one API for an Environment, each service's routes in it, and their deletion."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
import pytest
import yaml

from microservice_operator import names
from microservice_operator.api.parsing import Identity
from microservice_operator.api.routes import API, APIGateway
from microservice_operator.aws.apigateway.route_ownership import Tokens
from microservice_operator.aws.apigateway.routes import DesiredAPI, Others, api_url, delete_api, reconcile_api
from microservice_operator.aws.apigateway.shared_api import SharedAPI
from microservice_operator.aws.engine.call import AssumedRole
from microservice_operator.aws.engine.create_once import CreateOnce
from microservice_operator.aws.engine.expectations import Expectations
from microservice_operator.aws.engine.list_cache import ListCache
from microservice_operator.aws.engine.rate_limiter import RateLimiter
from microservice_operator.aws.engine.rate_limits import RateLimit
from microservice_operator.aws.engine.service import AwsService
from microservice_operator.aws.engine.write_backoff import WriteBackoff
from microservice_operator.facts import Part, Reason, State
from microservice_operator.openapi import Route, routes, settings
from microservice_operator.ownership import Owner
from microservice_operator.resources import Removal
from tests.aws.conftest import ACCOUNT, REGION, World
from tests.fakes.aws.gateway import StrictGateway, gateway_refusal
from tests.fakes.aws.proxy import Fault
from tests.fakes.aws.sts import StrictSTS

LISTENER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2"
GATEWAY: dict[str, Any] = {"name": "shop", "vpcLinkID": "abc123", "listenerARN": LISTENER}
SPEC: dict[str, Any] = {"openAPI": {"configMapKeyRef": {"name": "openapi"}}, "auth": {"none": True}}
JWT = {"jwt": {"issuer": "https://issuer.example", "audiences": ["shop", "admin"]}}
TOKENS = Tokens("https://issuer.example", frozenset({"shop", "admin"}))
LOG_GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:/shop/api"
ORDERS = ("GET /orders", "POST /orders", "GET /orders/{orderId}")
Keys = tuple[str, ...]


def document(keys: Keys, **operations: Any) -> str:
    paths: dict[str, Any] = {}
    for key in keys:
        method, path = key.split()
        paths.setdefault(path, {})[method.lower()] = operations.get(method.lower(), {})
    components = {"securitySchemes": {"oidc": {"type": "openIdConnect"}}}
    return yaml.safe_dump({"openapi": "3.1.0", "components": components, "paths": paths})


@dataclass
class Shop:
    """One Environment and its services; the clock of what was tried is the test's."""

    world: World
    strict: StrictGateway
    now: list[float]
    environment: str
    gateway: dict[str, Any] = field(default_factory=lambda: dict(GATEWAY))
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def shared(self) -> SharedAPI:
        return SharedAPI(self.environment, APIGateway.model_validate(self.gateway), self.tags)

    @property
    def client(self) -> Any:
        return self.strict.client

    def service(self, name: str, namespace: str = "shop", **spec: Any) -> "Service":
        owner = Owner("cluster", Identity(namespace, name, f"uid-{name}"))
        return Service(self, replace(self.world.scope, owner=owner), {**SPEC, **spec})

    def writes(self) -> list[str]:
        return self.world.proxy.writes()

    def apis(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get_apis()["Items"]
        return found

    def api(self) -> dict[str, Any]:
        (found,) = self.apis()
        return found

    def routes(self) -> dict[str, dict[str, Any]]:
        return {route["RouteKey"]: route for route in self.client.get_routes(ApiId=self.api()["ApiId"])["Items"]}

    def integrations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get_integrations(ApiId=self.api()["ApiId"])["Items"]
        return found

    def authorizers(self) -> list[dict[str, Any]]:
        return self.strict.authorizers(self.api()["ApiId"])


@dataclass
class Service:
    """One Microservice with routes."""

    shop: Shop
    scope: Any
    spec: dict[str, Any]
    text: str = ""
    others: Others = field(default_factory=Others)
    known_id: str = ""

    async def step(self) -> Part:
        async def read() -> tuple[Route, ...]:
            return routes(self.text, settings(API.model_validate(self.spec), self.shop.shared.gateway))

        wanted = DesiredAPI(
            API.model_validate(self.spec),
            known={"API": self.known_id},
            field="spec.api",
            shared=self.shop.shared,
            others=self.others,
        )
        part = await reconcile_api(self.scope, wanted, read)
        self.known_id = part.id
        return part

    async def drive(self, keys: Keys | None = None, reconciliations: int = 60) -> Part:
        """Reconcile until nothing changes; each reconciliation writes only a few times."""
        self.text = document(keys) if keys is not None else self.text
        for _ in range(reconciliations):
            before = len(self.shop.writes())
            part = await self.step()
            assert len(self.shop.writes()) - before <= 6
            if part.state in (State.READY, State.STALLED):
                return part
            assert part.after, part
            self.shop.now[0] += part.after
        raise AssertionError(part)

    async def leave(self, reconciliations: int = 60) -> Part:
        leaving = Removal("routes", "Delete", {"API": self.known_id})
        for _ in range(reconciliations):
            part = await delete_api(self.scope, leaving, self.shop.environment, self.shop.shared, self.others)
            if part.state is State.READY:
                return part
            assert part.after, part
            self.shop.now[0] += part.after
        raise AssertionError(part)

    async def assert_quiet(self) -> None:
        before = self.shop.writes()
        part = await self.step()
        assert (part.state, part.events, part.after) == (State.READY, (), None), part
        assert self.shop.writes() == before


@pytest.fixture(scope="session")
def gateway_client(emulator: str) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        client = boto3.client("apigatewayv2", region_name=REGION, endpoint_url=emulator)
        client.get_apis()
        yield client
        client.close()


@pytest.fixture
async def shop(world: World, gateway_client: Any) -> AsyncIterator[Shop]:
    for api in gateway_client.get_apis()["Items"]:
        gateway_client.delete_api(ApiId=api["ApiId"])
    strict = StrictGateway(gateway_client)
    now = [0.0]
    world.proxy.layers["apigateway"] = strict
    world.scope.clients.create_once = CreateOnce(60, lambda: now[0])
    world.scope.clients.expectations = Expectations(60, lambda: now[0])
    world.scope.clients.write_backoff = WriteBackoff(lambda: now[0])
    world.scope.clients.lists = ListCache(0, lambda: now[0])
    yield Shop(world, strict, now, world.scope.owner.identity.name)
    del world.proxy.layers["apigateway"]


async def test_from_nothing_to_routes_and_nothing_more(shop: Shop) -> None:
    order = shop.service("order")
    part = await order.drive(ORDERS)
    assert part.state is State.READY, part
    assert shop.writes() == ["CreateApi", "CreateStage", "CreateIntegration", *["CreateRoute"] * 3]
    api, (integration,) = shop.api(), shop.integrations()
    assert part.id.endswith(f"::/apis/{api['ApiId']}/integrations/{integration['IntegrationId']}")
    assert api["Tags"] == {names.TAG_CLUSTER: "cluster", names.TAG_ENVIRONMENT: shop.environment}
    (stage,) = shop.client.get_stages(ApiId=api["ApiId"])["Items"]
    assert (stage["StageName"], stage["AutoDeploy"], stage["Tags"]) == ("$default", True, api["Tags"])
    assert integration["IntegrationUri"] == LISTENER
    assert (integration["ConnectionType"], integration["ConnectionId"]) == ("VPC_LINK", "abc123")
    assert integration["RequestParameters"] == {
        "overwrite:path": "$request.path",
        "overwrite:header.x-microservice": "order.shop",
        "remove:header.x-caller-subject": "''",
        "remove:header.x-caller-scopes": "''",
    }
    assert set(shop.routes()) == set(ORDERS)
    assert {route["Target"] for route in shop.routes().values()} == {f"integrations/{integration['IntegrationId']}"}
    assert {route["AuthorizationType"] for route in shop.routes().values()} == {"NONE"}
    assert api_url(order.scope, part, order.shop.shared.gateway) == api["ApiEndpoint"]
    await order.assert_quiet()


async def test_few_writes_per_reconciliation_however_many_routes(shop: Shop) -> None:
    keys = tuple(f"GET /things/{number}" for number in range(13))
    assert (await shop.service("order").drive(keys)).state is State.READY
    assert set(shop.routes()) == set(keys)


async def test_a_route_keeps_its_id_while_others_come_and_go(shop: Shop) -> None:
    order = shop.service("order")
    await order.drive(ORDERS)
    ids = {key: route["RouteId"] for key, route in shop.routes().items()}
    before = len(shop.writes())
    await order.drive(("GET /orders", "GET /orders/{id}", "DELETE /orders/{id}"))
    assert sorted(shop.writes()[before:]) == ["CreateRoute", "DeleteRoute", "UpdateRoute"]
    after = {key: route["RouteId"] for key, route in shop.routes().items()}
    assert set(after) == {"GET /orders", "GET /orders/{id}", "DELETE /orders/{id}"}
    assert after["GET /orders"] == ids["GET /orders"]
    assert after["GET /orders/{id}"] == ids["GET /orders/{orderId}"]
    await order.assert_quiet()


# Each optional field of an Environment's gateway: what is given, and the writes there and back.
GATEWAY_FIELDS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "name": ({"name": "store"}, ["UpdateApi", "UpdateApi"]),
    "vpc_link_id": ({"vpcLinkID": "def456"}, ["UpdateIntegration"] * 2),
    "listener_arn": ({"listenerARN": f"{LISTENER}0"}, ["UpdateIntegration"] * 2),
    "stage": ({"stage": "prod"}, ["CreateStage", "DeleteStage"] * 2),
    "cors_origins": ({"corsOrigins": ["https://shop.example"]}, ["UpdateApi", "DeleteCorsConfiguration"]),
    "source_cidrs": ({"sourceCIDRs": ["10.0.0.0/16"]}, []),
    "path_prefix": ({"pathPrefix": None}, []),
    "max_routes": ({"maxRoutes": 400}, []),
    "max_authorizers": ({"maxAuthorizers": 20}, []),
    "auth": ({"auth": JWT}, []),  # the service has its own
    # what is no longer declared stays
    "access_log_group_arn": ({"accessLogGroupARN": LOG_GROUP}, []),
    "throttling": ({"throttling": {"requestsPerSecond": 100, "burst": 200}}, []),
    "disable_execute_api_endpoint": ({"disableExecuteAPIEndpoint": True}, []),
    "deletion_policy": ({"deletionPolicy": "Delete"}, []),
}


def test_every_field_of_the_gateway_has_a_case() -> None:
    assert set(GATEWAY_FIELDS) == set(APIGateway.model_fields)


@pytest.mark.parametrize("name", GATEWAY_FIELDS)
async def test_each_field_of_the_gateway_from_the_start_then_changed_back_and_forth(shop: Shop, name: str) -> None:
    given, expected = GATEWAY_FIELDS[name]
    order = shop.service("order")
    shop.gateway = {**GATEWAY, **given}
    assert (await order.drive(ORDERS)).state is State.READY
    await order.assert_quiet()
    for fields in (GATEWAY, GATEWAY | given, GATEWAY):
        before = len(shop.writes())
        shop.gateway = dict(fields)
        assert (await order.drive()).state is State.READY
        await order.assert_quiet()
        changes = shop.writes()[before:]
    there_and_back = expected[len(expected) // 2 :]
    assert changes == there_and_back
    assert len(shop.apis()) == 1


SETTINGS: dict[str, Any] = {
    "accessLogGroupARN": LOG_GROUP,
    "throttling": {"requestsPerSecond": 100, "burst": 200},
    "disableExecuteAPIEndpoint": True,
}


async def stage_of(shop: Shop) -> dict[str, Any]:
    """The stage, as AWS shows it."""
    service = AwsService(shop.world.scope, "apigatewayv2", "the stage")
    (stage,) = (await service.read("GetStages", ApiId=shop.api()["ApiId"]))["Items"]
    return dict(stage)


@pytest.mark.parametrize("later", [False, True])
async def test_settings_of_the_stage_come_with_it_or_later(shop: Shop, later: bool) -> None:
    order = shop.service("order")
    if later:
        await order.drive(ORDERS)
    before = len(shop.writes())
    shop.gateway |= SETTINGS
    part = await order.drive(ORDERS)
    assert part.state is State.READY, part
    made = ["CreateApi", "CreateStage", "CreateIntegration", *["CreateRoute"] * 3]
    assert shop.writes()[before:] == (["UpdateStage", "UpdateApi"] if later else made)
    stage = await stage_of(shop)
    assert stage["AccessLogSettings"]["DestinationArn"] == LOG_GROUP
    logged = json.loads(stage["AccessLogSettings"]["Format"])
    assert logged["requestId"] == "$context.requestId"
    limits = stage["DefaultRouteSettings"]
    assert (limits["ThrottlingRateLimit"], limits["ThrottlingBurstLimit"]) == (100, 200)
    assert shop.api()["DisableExecuteApiEndpoint"] is True
    assert api_url(order.scope, part, shop.shared.gateway) == ""
    await order.assert_quiet()
    before = len(shop.writes())
    shop.gateway = {
        **shop.gateway,
        "disableExecuteAPIEndpoint": False,
        "throttling": {"requestsPerSecond": 1, "burst": 1},
    }
    await order.drive()
    assert shop.writes()[before:] == ["UpdateStage", "UpdateApi"]
    assert (await stage_of(shop))["AccessLogSettings"] == stage["AccessLogSettings"]
    assert shop.api()["DisableExecuteApiEndpoint"] is False


async def test_settings_that_are_not_declared_are_somebody_elses(shop: Shop) -> None:
    order = shop.service("order")
    await order.drive(ORDERS)
    theirs = {
        "accessLogSettings": {"destinationArn": f"{LOG_GROUP}-of-terraform:*", "format": "$context.requestId"},
        "defaultRouteSettings": {"detailedMetricsEnabled": True, "throttlingBurstLimit": 5, "throttlingRateLimit": 7.0},
        "autoDeploy": True,
    }
    shop.strict.change("$default", **theirs)
    shop.client.update_api(ApiId=shop.api()["ApiId"], DisableExecuteApiEndpoint=True)
    await order.assert_quiet()
    shop.gateway |= {"throttling": {"requestsPerSecond": 100, "burst": 200}}
    before = len(shop.writes())
    await order.drive()
    assert shop.writes()[before:] == ["UpdateStage"]
    stage = await stage_of(shop)
    assert stage["DefaultRouteSettings"]["DetailedMetricsEnabled"] is True
    assert stage["AccessLogSettings"]["Format"] == "$context.requestId"
    assert shop.api()["DisableExecuteApiEndpoint"] is True
    shop.gateway |= {"accessLogGroupARN": f"{LOG_GROUP}-of-terraform"}
    await order.assert_quiet()  # AWS may show the ARN with :* at its end


async def test_a_full_api_tells_the_newcomer_and_leaves_the_holder_alone(shop: Shop) -> None:
    shop.gateway |= {"maxRoutes": 4}
    shop.strict.quotas["routes"] = 4
    order, user = shop.service("order"), shop.service("user")
    assert (await order.drive(ORDERS)).state is State.READY
    part = await user.drive(("GET /users", "GET /users/{id}"))
    assert (part.state, part.reason, part.field) == (State.STALLED, Reason.QUOTA_EXCEEDED, "spec.api.openAPI")
    assert "needs 2 more routes, but the API of the Environment has 3 of at most 4; remove others, or" in part.message
    assert set(shop.routes()) == set(ORDERS)  # no half of a service
    await order.assert_quiet()
    assert (await user.drive(("GET /users",))).state is State.READY
    part = await order.drive((*ORDERS, "GET /orders/{id}/lines"))
    assert part.reason is Reason.QUOTA_EXCEEDED
    assert len(shop.routes()) == 4
    assert (await order.drive(("GET /orders", "PUT /orders", "PATCH /orders"))).state is State.READY  # one for one


async def test_with_more_routes_in_aws_than_expected_the_answer_of_aws_is_told(shop: Shop) -> None:
    shop.strict.quotas["routes"] = 2  # the account has less than the Environment says
    order = shop.service("order")
    order.text = document(ORDERS)
    part = await order.drive()
    assert (part.state, part.reason) == (State.STALLED, Reason.QUOTA_EXCEEDED)
    assert "apigatewayv2:CreateRoute on API" in part.message
    assert len(shop.routes()) == 2


async def test_authorizers_of_others_count_and_stay(shop: Shop) -> None:
    order = shop.service("order")
    await order.drive(("GET /orders",))
    api = shop.api()["ApiId"]
    await AwsService(shop.world.scope, "apigatewayv2", "theirs").write(
        "CreateAuthorizer",
        ApiId=api,
        Name="of-terraform",
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": "https://a.example", "Audience": ["a"]},
    )
    shop.gateway |= {"maxAuthorizers": 1}
    order.spec["auth"] = JWT
    part = await order.drive()
    assert (part.state, part.reason, part.field) == (State.STALLED, Reason.QUOTA_EXCEEDED, "spec.api.auth")
    assert "needs 1 more authorizers, but the API of the Environment has 1 of at most 1" in part.message
    assert shop.routes()["GET /orders"]["AuthorizationType"] == "NONE"  # as before, and never without a token it needs
    shop.gateway |= {"maxAuthorizers": 2}
    assert (await order.drive()).state is State.READY
    await order.leave()
    assert [each["Name"] for each in shop.authorizers()] == ["of-terraform"]


async def test_tags_of_the_environment_are_on_the_api(shop: Shop) -> None:
    order = shop.service("order")
    await order.drive(ORDERS)
    for tags, expected in (({"team": "shop"}, "TagResource"), ({}, "UntagResource")):
        shop.tags = dict(tags)
        before = len(shop.writes())
        await order.drive()
        assert expected in shop.writes()[before:]
        await order.assert_quiet()
        assert [key for key in shop.api()["Tags"] if not key.startswith(names.GROUP)] == list(tags)


async def test_tokens_are_asked_for_but_where_the_document_is_public(shop: Shop) -> None:
    order = shop.service("order", auth=JWT, allowAnonymous=True)
    order.text = document(ORDERS, get={"security": []}, post={"security": [{"oidc": ["write"]}]})
    assert (await order.drive()).state is State.READY
    (authorizer,) = shop.authorizers()
    assert authorizer["JwtConfiguration"] == {"Issuer": "https://issuer.example", "Audience": ["admin", "shop"]}
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    post = shop.routes()["POST /orders"]
    assert (post["AuthorizationType"], post["AuthorizerId"]) == ("JWT", authorizer["AuthorizerId"])
    assert post["AuthorizationScopes"] == ["write"]
    assert shop.routes()["GET /orders"]["AuthorizationType"] == "NONE"
    await order.assert_quiet()
    order.text = document(ORDERS, get={"security": []})
    await order.drive()
    assert shop.writes()[-1] == "UpdateRoute"
    await order.assert_quiet()
    before = len(shop.writes())
    order.spec = dict(SPEC)
    assert (await order.drive()).state is State.READY
    assert shop.writes()[before:] == ["UpdateRoute", "DeleteAuthorizer", "DeleteIntegration"]
    await order.assert_quiet()


async def test_an_authorizer_that_looks_elsewhere_for_tokens_is_put_right(shop: Shop) -> None:
    order = shop.service("order", auth=JWT)
    await order.drive(("GET /orders",))
    (authorizer,) = shop.authorizers()
    authorizer_id = {"ApiId": shop.api()["ApiId"], "AuthorizerId": authorizer["AuthorizerId"]}
    shop.client.update_authorizer(**authorizer_id, IdentitySource=["$request.querystring.token"])
    await order.drive()
    assert shop.writes()[-1] == "UpdateAuthorizer"
    (right,) = shop.authorizers()
    assert right["IdentitySource"] == authorizer["IdentitySource"]
    await order.assert_quiet()


SECURED = """\
openapi: 3.1.0
components:
  securitySchemes:
    login: {type: oauth2, flows: {}}
    staff: {$ref: '#/components/securitySchemes/login'}
paths:
  /orders:
    get: {security: [{staff: ['orders:read']}]}
"""
WEAKER: dict[str, tuple[str, dict[str, Any], tuple[str, Reason], str]] = {
    "two scopes together": (
        SECURED.replace("read'", "read', 'orders:write'"),
        {"auth": JWT},
        ("openAPI", Reason.INVALID_DOCUMENT),
        "/get/security/0/staff requires",
    ),
    "without an authorizer": (
        SECURED,
        {"auth": None},
        ("auth", Reason.AUTH_MISSING),
        "GET /orders must have a token, but neither spec.api.auth nor aws.apiGateway.auth of the Environment",
    ),
    "without consent": (
        SECURED.replace("[{staff: ['orders:read']}]", "[]"),
        {"auth": JWT},
        ("auth", Reason.AUTH_MISSING),
        "GET /orders may be public (security: []) only if spec.api.allowAnonymous is true",
    ),
    "a base path that is lost": (
        f"{SECURED}servers: [{{url: /v2}}]",
        {"auth": JWT},
        ("openAPI", Reason.INVALID_DOCUMENT),
        "#/servers has the base path /v2",
    ),
}


@pytest.mark.parametrize("case", WEAKER)
async def test_a_document_that_would_protect_less_than_it_says_changes_nothing(shop: Shop, case: str) -> None:
    text, spec, (field, reason), scope = WEAKER[case]
    order = shop.service("order", auth=JWT)
    order.text = SECURED
    assert (await order.drive()).state is State.READY
    (route,) = shop.routes().values()
    assert (route["AuthorizationType"], route["AuthorizationScopes"]) == ("JWT", ["orders:read"])
    calls = list(shop.world.proxy.calls)
    order.text, order.spec = text, {**SPEC, **spec}
    part = await order.step()
    assert (part.state, part.reason, part.field) == (State.STALLED, reason, f"spec.api.{field}")
    assert scope in part.message
    assert shop.world.proxy.calls == calls
    assert shop.routes() == {"GET /orders": route}


async def test_a_service_that_checks_for_itself_says_so(shop: Shop) -> None:
    order = shop.service("order", auth={"none": True})
    order.text = SECURED
    assert (await order.drive()).state is State.READY
    assert {route["AuthorizationType"] for route in shop.routes().values()} == {"NONE"}
    assert shop.authorizers() == []


async def test_another_issuer_is_another_authorizer_and_the_old_one_goes_last(shop: Shop) -> None:
    order = shop.service("order", auth=JWT)
    await order.drive(("GET /orders",))
    order.spec["auth"] = {"jwt": {"issuer": "https://other.example", "audiences": ["shop"]}}
    before = len(shop.writes())
    await order.drive()
    assert shop.writes()[before:] == ["CreateAuthorizer", "UpdateRoute", "DeleteAuthorizer"]
    await order.assert_quiet()


async def test_services_with_the_same_tokens_share_an_authorizer_until_the_last_leaves(shop: Shop) -> None:
    order, user = shop.service("order", auth=JWT), shop.service("user", auth=JWT)
    order.others = Others(juniors=frozenset({"shop/user"}), tokens=frozenset({TOKENS}))
    user.others = Others(seniors=frozenset({"shop/order"}), tokens=frozenset({TOKENS}))
    await order.drive(("GET /orders",))
    await user.drive(("GET /users",))
    assert len(shop.authorizers()) == 1
    await order.leave()
    assert len(shop.authorizers()) == 1
    user.others = Others()
    await user.assert_quiet()
    await user.leave()
    assert (shop.authorizers(), shop.integrations(), shop.routes()) == ([], [], {})


async def test_two_services_that_start_at_once_make_one_api(shop: Shop) -> None:
    services = [shop.service(name) for name in ("order", "user")]
    shop.strict.absent_looks = 3
    await asyncio.gather(*(service.drive((f"GET /{at}",)) for at, service in enumerate(services)))
    assert shop.writes().count("CreateApi") == 1
    assert len(shop.integrations()) == 2


@pytest.mark.parametrize("effect", ["drop-before", "drop-after"])
@pytest.mark.parametrize("absent", [0, 2])
@pytest.mark.parametrize("action", ["CreateApi", "CreateStage", "CreateIntegration", "CreateRoute", "CreateAuthorizer"])
async def test_a_lost_answer_makes_no_second_one(shop: Shop, action: str, effect: str, absent: int) -> None:
    order = shop.service("order", auth=JWT)
    shop.strict.absent_looks = absent
    shop.world.proxy.faults = [Fault(action, effect, 1)]
    part = await order.drive(ORDERS)
    assert part.state is State.READY, part
    assert set(shop.routes()) == set(ORDERS)
    assert (len(shop.apis()), len(shop.integrations()), len(shop.authorizers())) == (1, 1, 1)
    await order.assert_quiet()


async def test_throttling_is_waited_for(shop: Shop) -> None:
    throttled = gateway_refusal("TooManyRequestsException", "Too Many Requests", 429)
    shop.world.proxy.faults = [Fault("GetApis", throttled, 1), Fault("CreateRoute", throttled, 2)]
    order = shop.service("order")
    order.text = document(ORDERS)
    first = await order.step()
    assert (first.state, first.reason) == (State.UNKNOWN, Reason.AWS_THROTTLED)
    assert (await order.drive(ORDERS)).state is State.READY
    await order.assert_quiet()


async def test_denied_names_action_and_recovers_once_granted(shop: Shop) -> None:
    denied = gateway_refusal("AccessDeniedException", "no", 403)
    order = shop.service("order")
    shop.world.proxy.faults = [Fault("CreateRoute", denied, 1)]
    part = await order.drive(ORDERS)
    assert (part.state, part.reason) == (State.STALLED, Reason.ACCESS_DENIED)
    assert "apigatewayv2:CreateRoute" in part.message
    assert (await order.drive(ORDERS)).state is State.READY


@pytest.mark.parametrize("namespace", ["shop", "evil"])
@pytest.mark.parametrize("older", [True, False])
async def test_the_holder_keeps_a_route_until_it_gives_it_up(shop: Shop, namespace: str, older: bool) -> None:
    first, later = shop.service("first"), shop.service("later", namespace)
    senior, junior = (later, first) if older else (first, later)
    senior.others, junior.others = Others(juniors=_name(junior)), Others(seniors=_name(senior))
    assert (await first.drive(("GET /a/{x}", "GET /first"))).state is State.READY
    held = shop.routes()["GET /a/{x}"]
    part = await later.drive(("GET /a/{y}", "GET /later"))
    assert (part.state, part.reason, part.field) == (State.STALLED, Reason.CONFLICT, "spec.api.openAPI")
    assert "Microservice shop/first has the route GET /a/{x}" in part.message
    assert set(shop.routes()) == {"GET /a/{x}", "GET /first", "GET /later"}
    assert shop.routes()["GET /a/{x}"] == held
    await first.assert_quiet()
    await first.drive(("GET /first",))
    assert (await later.drive()).state is State.READY
    assert set(shop.routes()) == {"GET /a/{y}", "GET /first", "GET /later"}
    await first.assert_quiet()
    await later.assert_quiet()


# A holder's route, and a route with which another would get some of its requests.
PARTS = {
    "a literal for a parameter": ("GET /users/{id}", "GET /users/me"),
    "a parameter for a greedy one": ("GET /files/{path+}", "GET /files/{name}"),
    "a longer greedy one": ("GET /files/{path+}", "GET /files/a/{rest+}"),
    "a method for any": ("ANY /users", "GET /users"),
    "neither more specific": ("GET /{kind}/b", "GET /a/{name}"),
}


@pytest.mark.parametrize("case", PARTS)
async def test_another_namespace_gets_no_part_of_a_route(shop: Shop, case: str) -> None:
    held, claimed = PARTS[case]
    user, sibling, stranger = shop.service("user"), shop.service("sibling"), shop.service("stranger", "evil")
    for service in (sibling, stranger):
        service.others = Others(seniors=frozenset({"shop/user"}))
    user.text, sibling.text, stranger.text = (_any(key) for key in (held, claimed, claimed))
    assert (await user.drive()).state is State.READY
    part = await stranger.drive()
    assert (part.state, part.reason) == (State.STALLED, Reason.CONFLICT)
    assert f"declares {claimed}, but Microservice shop/user has the route {held}" in part.message
    assert set(shop.routes()) == {held}
    assert (await sibling.drive()).state is State.READY
    assert set(shop.routes()) == {held, claimed}


def _name(service: Service) -> frozenset[str]:
    identity = service.scope.owner.identity
    return frozenset({f"{identity.namespace}/{identity.name}"})


def _any(key: str) -> str:
    method, path = key.split()
    return document((f"{method.replace('ANY', 'x-amazon-apigateway-any-method')} {path}",))


async def test_what_nobody_known_made_is_left_as_it_is(shop: Shop) -> None:
    order = shop.service("order")
    await order.drive(("GET /orders",))
    api = shop.api()["ApiId"]
    target = shop.client.create_integration(ApiId=api, IntegrationType="HTTP_PROXY", Description="mine")[
        "IntegrationId"
    ]
    made = shop.client.create_route(ApiId=api, RouteKey="GET /by-hand", Target=f"integrations/{target}")
    part = await order.drive(("GET /orders", "GET /by-hand"))
    assert (part.state, part.reason) == (State.STALLED, Reason.CONFLICT)
    assert "an unknown owner" in part.message
    await order.leave()
    assert set(shop.routes()) == {"GET /by-hand"}
    assert shop.routes()["GET /by-hand"]["RouteId"] == made["RouteId"]
    assert [found["Description"] for found in shop.integrations()] == ["mine"]


async def test_a_foreign_api_of_the_name_is_not_touched(shop: Shop) -> None:
    shop.client.create_api(Name="shop", ProtocolType="HTTP", Tags={"owner": "somebody"})
    foreign = shop.api()
    order = shop.service("order")
    part = await order.drive(ORDERS)
    assert (part.state, part.reason) == (State.STALLED, Reason.CONFLICT)
    assert f"{names.TAG_ENVIRONMENT}: {shop.environment}" in part.message
    assert (await order.leave()).state is State.READY
    assert shop.apis() == [foreign]
    assert shop.writes() == []


async def test_a_duplicate_api_goes_if_nothing_is_on_it(shop: Shop) -> None:
    order = shop.service("order")
    await order.drive(ORDERS)
    tags, first = shop.api()["Tags"], shop.api()["ApiId"]
    shop.client.create_api(Name="shop", ProtocolType="HTTP", Tags=tags)
    apis = sorted(shop.apis(), key=lambda api: (str(api["CreatedDate"]), api["ApiId"]))
    shop.gateway["name"] = "shop"
    await order.drive()
    (left,) = shop.apis()
    assert left["ApiId"] in (first, apis[0]["ApiId"])


async def test_what_was_changed_or_removed_by_hand_comes_back(shop: Shop) -> None:
    order = shop.service("order", auth=JWT)
    await order.drive(ORDERS)
    api, routes = shop.api()["ApiId"], shop.routes()
    shop.client.delete_route(ApiId=api, RouteId=routes["GET /orders"]["RouteId"])
    shop.client.update_route(ApiId=api, RouteId=routes["POST /orders"]["RouteId"], AuthorizationType="NONE")
    integration = shop.integrations()[0]["IntegrationId"]
    shop.client.update_integration(ApiId=api, IntegrationId=integration, ConnectionId="elsewhere")
    shop.client.update_authorizer(
        ApiId=api,
        AuthorizerId=shop.authorizers()[0]["AuthorizerId"],
        JwtConfiguration={"Issuer": "https://evil.example", "Audience": ["shop"]},
    )
    shop.strict.change("$default", autoDeploy=False)
    before = len(shop.writes())
    assert (await order.drive()).state is State.READY
    assert shop.writes()[before:] == [
        "UpdateStage",
        "UpdateAuthorizer",
        "UpdateIntegration",
        "UpdateRoute",  # what lost its authorizer comes first
        "CreateRoute",
    ]
    await order.assert_quiet()
    shop.client.delete_api(ApiId=api)
    assert (await order.drive()).state is State.READY
    assert set(shop.routes()) == set(ORDERS)
    await order.assert_quiet()


async def test_what_others_add_and_reformat_is_no_drift(shop: Shop) -> None:
    shop.gateway["corsOrigins"] = ["https://b.example", "https://a.example"]
    order = shop.service("order", auth=JWT)
    await order.drive(ORDERS)
    api, integration = shop.api(), shop.integrations()[0]
    configured = api["CorsConfiguration"]
    shop.client.update_api(
        ApiId=api["ApiId"],
        CorsConfiguration={
            "AllowOrigins": configured["AllowOrigins"][::-1],
            "AllowHeaders": [header.title() for header in configured["AllowHeaders"]],
            "AllowMethods": configured["AllowMethods"][::-1],
            "MaxAge": 5,
        },
    )
    shop.client.tag_resource(ResourceArn=f"arn:aws:apigateway:{REGION}::/apis/{api['ApiId']}", Tags={"backup": "daily"})
    shop.client.update_integration(
        ApiId=api["ApiId"],
        IntegrationId=integration["IntegrationId"],
        Description=integration["Description"].replace(", ", " ,\n"),
        RequestParameters={**integration["RequestParameters"], "append:header.team": "shop"},
        TimeoutInMillis=5000,
    )
    authorizer = shop.authorizers()[0]
    shop.client.update_authorizer(
        ApiId=api["ApiId"],
        AuthorizerId=authorizer["AuthorizerId"],
        JwtConfiguration={"Issuer": "https://issuer.example", "Audience": ["shop", "admin"]},
    )
    await order.assert_quiet()


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
async def test_the_last_service_takes_the_api_along_only_if_it_is_to(shop: Shop, policy: str) -> None:
    shop.gateway["deletionPolicy"] = policy
    order, user = shop.service("order"), shop.service("user")
    await order.drive(ORDERS)
    await user.drive(("GET /users",))
    order.others = Others(seniors=frozenset({"shop/user"}))
    gone = await order.leave()
    assert (gone.reason, gone.message) == (Reason.API_DELETED, "api routes is deleted")
    assert set(shop.routes()) == {"GET /users"}
    await user.leave()
    assert len(shop.apis()) == (policy == "Retain")


async def test_a_service_whose_status_forgot_can_leave(shop: Shop) -> None:
    order = shop.service("order")
    await order.drive(ORDERS)
    order.known_id = ""
    await order.leave()
    assert (shop.routes(), shop.integrations()) == ({}, [])


async def test_leaving_half_way_from_nothing(shop: Shop) -> None:
    order = shop.service("order")
    assert (await order.leave()).state is State.READY
    order.text = document(ORDERS)
    for _ in range(4):
        await order.step()
    await order.leave()
    assert (shop.routes(), shop.integrations()) == ({}, [])


async def test_a_service_that_moves_to_another_environment_leaves_the_first(shop: Shop) -> None:
    order = shop.service("order")
    await order.drive(ORDERS)
    first = shop.api()["ApiId"]
    shop.environment, shop.gateway["name"] = f"{shop.environment}-other", "other"
    assert (await order.drive()).state is State.READY
    assert shop.client.get_routes(ApiId=first)["Items"] == []
    assert shop.client.get_integrations(ApiId=first)["Items"] == []
    assert len(shop.apis()) == 2


async def test_a_bad_document_changes_nothing_and_asks_nothing(shop: Shop) -> None:
    order = shop.service("order")
    await order.drive(ORDERS)
    before = list(shop.world.proxy.calls)
    order.text = document(("GET /a.{b}",))
    part = await order.step()
    assert (part.state, part.reason, part.field) == (State.STALLED, Reason.INVALID_DOCUMENT, "spec.api.openAPI")
    assert part.message.startswith("the OpenAPI document: #/paths/~1a.{b} has a parameter")
    assert [event.type for event in part.events] == ["Warning"]
    assert part.id == order.known_id != ""
    assert shop.world.proxy.calls == before
    assert set(shop.routes()) == set(ORDERS)


def _lists(shop: Shop, since: int) -> dict[str, int]:
    """How often each list of the API was read from its first page."""
    kinds = ("GetIntegrations", "GetRoutes", "GetAuthorizers")
    calls = [call for call in shop.world.proxy.calls[since:] if "nextToken" not in call.body]
    return {kind: sum(call.action == kind for call in calls) for kind in kinds}


async def _settled(shop: Shop, *services: Service) -> None:
    """Let the services come to rest on shared lists that are valid for a while, as in production."""
    shop.world.scope.clients.lists = ListCache(4, lambda: shop.now[0])
    for at, service in enumerate(services):
        service.others = Others(seniors=frozenset().union(*map(_name, services[:at])))
        assert (await service.drive((f"GET /{service.scope.owner.identity.name}",))).state is State.READY
    shop.now[0] += 600
    for service in services:
        await service.assert_quiet()


async def test_one_read_of_an_api_answers_for_all_its_services(shop: Shop) -> None:
    services = [shop.service(f"service-{number}", auth=JWT) for number in range(5)]
    await _settled(shop, *services)
    shop.now[0] += 120
    since = len(shop.world.proxy.calls)
    await asyncio.gather(*(service.assert_quiet() for service in services[:3]))
    shop.now[0] += 59
    for service in services:
        await service.assert_quiet()
    assert _lists(shop, since) == {"GetIntegrations": 1, "GetRoutes": 1, "GetAuthorizers": 1}
    shop.now[0] += 1
    await services[0].assert_quiet()
    assert _lists(shop, since) == {"GetIntegrations": 2, "GetRoutes": 2, "GetAuthorizers": 2}


async def test_no_decision_rests_on_a_list_from_before_a_write_of_another_service(shop: Shop) -> None:
    user, stranger = shop.service("user"), shop.service("stranger", "evil")
    await _settled(shop, user, stranger)
    began, before = shop.now[0], len(shop.writes())
    assert (await user.drive(("GET /users/{id}",))).state is State.READY
    assert sorted(shop.writes()[before:]) == ["CreateRoute", "DeleteRoute"]
    assert shop.now[0] - began < 60  # the list from before it has not become too old
    part = await stranger.drive(("GET /users/me",))  # API Gateway itself would accept this route
    assert (part.state, part.reason) == (State.STALLED, Reason.CONFLICT)
    assert "GET /users/me" not in shop.routes()


async def test_a_service_sees_within_seconds_what_becomes_of_its_own_write(shop: Shop) -> None:
    order = shop.service("order")
    await _settled(shop, order)
    await order.drive(ORDERS)
    shop.client.delete_route(ApiId=shop.api()["ApiId"], RouteId=shop.routes()["GET /orders"]["RouteId"])
    shop.now[0] += 4
    assert (await order.drive()).state is State.READY
    assert set(shop.routes()) == set(ORDERS)


async def test_a_requested_read_does_not_use_the_shared_lists(shop: Shop) -> None:
    order = shop.service("order")
    await _settled(shop, order)
    shop.client.delete_route(ApiId=shop.api()["ApiId"], RouteId=shop.routes()["GET /order"]["RouteId"])
    await order.assert_quiet()
    shop.world.scope.clients.lists.expire()
    assert (await order.drive()).state is State.READY
    assert set(shop.routes()) == {"GET /order"}


async def test_shared_lists_that_fail_change_nothing(shop: Shop) -> None:
    order, user = shop.service("order"), shop.service("user")
    await _settled(shop, order, user)
    shop.now[0] += 120
    before, known = shop.writes(), order.known_id
    throttled = gateway_refusal("TooManyRequestsException", "Too Many Requests", 429)
    shop.world.proxy.faults = [Fault("GetRoutes", throttled, 1)]
    part = await order.step()
    assert (part.state, part.reason) == (State.UNKNOWN, Reason.AWS_THROTTLED)
    assert (shop.writes(), order.known_id) == (before, known)
    for service in (order, user):
        await service.assert_quiet()


async def test_a_resync_that_the_operator_postpones_keeps_the_state(shop: Shop) -> None:
    order, user = shop.service("order"), shop.service("user")
    user.text = document(("GET /users",))
    await _settled(shop, order)
    shop.now[0] += 120
    before, known, clients = shop.writes(), order.known_id, shop.world.scope.clients
    clients.rate_limiter = RateLimiter(lambda *_: RateLimit("all", 0.001, 0.001))  # one call, and none for long
    try:
        late, new = await order.step(), await user.step()
        assert (late.state, late.id, late.failed, late.after) == (State.READY, known, False, 5)
        assert (new.state, new.reason) == (State.UNKNOWN, Reason.AWS_THROTTLED)
        assert "the operator makes apigatewayv2:" in new.message
        assert new.after
        assert shop.writes() == before
    finally:
        clients.rate_limiter = None
    await order.assert_quiet()
    assert (await user.drive()).state is State.READY


def with_role(service: Service, account: str) -> Service:
    """The same service after its Environment has got a role of an account."""
    role = f"arn:aws:iam::{account}:role/operator"
    service.shop.world.proxy.layers["sts"] = StrictSTS({role: ""})
    return replace(service, scope=replace(service.scope, account_id=account, role=AssumedRole(role)))


async def test_routes_stay_when_the_environment_gets_a_role_of_their_account(shop: Shop) -> None:
    order = shop.service("order")
    part = await order.drive(ORDERS)
    assert part.id.startswith(f"arn:aws:apigateway:{REGION}::/apis/")
    assumed = with_role(order, ACCOUNT)
    await assumed.assert_quiet()
    assert assumed.known_id == part.id.replace("::", f":{ACCOUNT}:", 1)
    await assumed.assert_quiet()
    assert (await assumed.leave()).state is State.READY
    assert shop.integrations() == []


async def test_routes_are_not_left_behind_in_another_account(shop: Shop) -> None:
    """The ARNs of API Gateway name no account; each way must be told, and nothing may be created or forgotten."""
    order = shop.service("order")
    await order.drive(ORDERS)
    elsewhere = with_role(order, "210987654321")
    writes = shop.writes()
    part = await elsewhere.step()
    assert (part.state, part.reason, part.id) == (State.STALLED, Reason.ACCOUNT_MISMATCH, order.known_id)
    assert f"in account {ACCOUNT}" in part.message
    removal = Removal("routes", "Delete", {"API": order.known_id})
    left = await delete_api(elsewhere.scope, removal, shop.environment, shop.shared, Others())
    assert (left.is_over, left.reason) == (False, Reason.ACCOUNT_MISMATCH)

    there = replace(order, known_id=order.known_id.replace("::", ":210987654321:", 1))
    assert (await there.step()).reason is Reason.ACCOUNT_MISMATCH
    assert shop.writes() == writes
