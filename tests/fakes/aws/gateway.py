"""API Gateway as AWS documents it, where the emulator is more permissive.

Sources are pages of the API Gateway V2 API Reference ("Apis", "Stages", "Integrations", "Routes", "Authorizers": which
requests return 400, 404 and 409, and that lists have pages) and of its Developer Guide ("Create private integrations
for HTTP APIs", "Transform API requests and responses for HTTP APIs", "Create routes for HTTP APIs", "Control access to
HTTP APIs with JWT authorizers", "Quotas for configuring and running an HTTP API").
"""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from tests.fakes.aws.proxy import Answer, Call, Emulator

JSON = "application/json"
METHODS = "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|ANY"
SEGMENT = r"(/(\{[A-Za-z0-9._-]+\}|[A-Za-z0-9._~!$&'()*,;=:@%-]+))"
# AWS CDK: a route path must start with a slash and not end with one
ROUTE_KEY = re.compile(rf"^(\$default|({METHODS}) (/|{SEGMENT}+|{SEGMENT}*/\{{[A-Za-z0-9._-]+\+\}}))$")
# "Reserved headers" in "Transform API requests and responses for HTTP APIs"
RESERVED = re.compile(
    r"header\.(access-control-.*|apigw-.*|authorization|connection|content-(encoding|length|location)|forwarded"
    r"|keep-alive|origin|proxy-authenticate|proxy-authorization|te|trailers|transfer-encoding|upgrade|x-amzn?-.*"
    r"|x-forwarded-(for|host|proto)|via)$",
    re.I,
)
PARAMETER = re.compile(r"^(overwrite:path|(append|overwrite|remove):(header|querystring)\.[^\s:]+)$")
CONTEXT = re.compile(r"^\$context\.[A-Za-z0-9._]+$")  # a context variable may have only these special characters
LOG_GROUP = re.compile(r"^arn:aws[a-z-]*:logs:[a-z0-9-]+:[0-9]{12}:log-group:[^:*]+$")
STAGE_SETTINGS = ("accessLogSettings", "defaultRouteSettings")
PAGE = 3


def gateway_refusal(code: str, message: str, status: int) -> Answer:
    return Answer(status, {"__type": code, "code": code, "message": message}, JSON)


@dataclass
class StrictGateway:
    """A layer of the proxy; what the emulator forgets is kept here and laid over its answers."""

    client: Any  # straight to the emulator
    # "Quotas for configuring and running an HTTP API", of routes and authorizers per API
    quotas: dict[str, int] = field(default_factory=lambda: {"routes": 300, "authorizers": 10})
    absent_looks: int = 0  # how many lists do not show yet what has just been made
    _hidden: dict[str, int] = field(default_factory=dict)
    _authorizers: dict[str, list[str]] = field(default_factory=dict)  # the emulator does not list them
    _overlay: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __call__(self, call: Call, emulator: Emulator) -> Answer:
        if call.action == "UpdateStage":
            return self._update_stage(call)
        if call.action == "GetAuthorizers":
            return self._authorizers_of(call)
        refused = self._refused(call)
        if refused:
            return refused
        answer = emulator(self._merged(call) if call.action == "UpdateIntegration" else call)
        if answer.status >= 300:
            return answer
        content = json.loads(answer.body) if answer.body else {}
        if call.action.startswith("Create"):
            self._hide(content)
        if call.action == "CreateAuthorizer":
            self._authorizers.setdefault(call.body["apiId"], []).append(content["authorizerId"])
        if call.action == "UpdateRoute" and "authorizationScopes" in call.body:
            self._overlay[call.body["routeId"]] = {"authorizationScopes": call.body["authorizationScopes"]}
        if call.action.startswith("Get") and "items" in content:
            content = self._page(content["items"], call)
        return Answer(answer.status, content, JSON)

    def _merged(self, call: Call) -> Call:
        """An update keeps what it does not name; "" removes a parameter ("Remove configured parameter mappings")."""
        if "requestParameters" not in call.body:
            return call
        there = [
            item
            for item in self._items("integrations", call.body)
            if item["IntegrationId"] == call.body["integrationId"]
        ]
        kept = there[0].get("RequestParameters") or {} if there else {}
        merged = {**kept, **call.body["requestParameters"]}
        given = {key: value for key, value in merged.items() if value}
        return replace(call, body={**call.body, "requestParameters": given})

    def _authorizers_of(self, call: Call) -> Answer:
        if call.body["apiId"] not in [api["ApiId"] for api in self.client.get_apis()["Items"]]:
            return gateway_refusal("NotFoundException", "Invalid API identifier specified", 404)
        listed = [
            {
                "authorizerId": item["AuthorizerId"],
                "name": item["Name"],
                "identitySource": item["IdentitySource"],
                "jwtConfiguration": _camel(item),
            }
            for item in self._items("authorizers", call.body)
        ]
        return Answer(200, self._page(listed, call), JSON)

    def _hide(self, made: dict[str, Any]) -> None:
        name = _identifier(made)
        if self.absent_looks and "routeKey" not in made and "stageName" not in made:
            self._hidden[name] = self.absent_looks

    def _page(self, listed: list[dict[str, Any]], call: Call) -> dict[str, Any]:
        shown = []
        for item in listed:
            name = _identifier(item)
            if self._hidden.get(name, 0) > 0:
                self._hidden[name] -= 1
                continue
            shown.append({**item, **self._overlay.get(name, {})})
        start = int(call.body.get("nextToken", 0))
        rest = {"nextToken": str(start + PAGE)} if len(shown) > start + PAGE else {}
        return {"items": shown[start : start + PAGE], **rest}

    def _update_stage(self, call: Call) -> Answer:
        """ "UpdateStage": what the request leaves out stays, but each of its objects is replaced as a whole."""
        name = f"{call.body['apiId']}/{call.body['stageName']}"
        if refused := _refused_settings(call.body):
            return refused
        changed = {key: call.body[key] for key in ("autoDeploy", *STAGE_SETTINGS) if key in call.body}
        self._overlay[call.body["stageName"]] = {**self._overlay.get(call.body["stageName"], {}), **changed}
        return Answer(200, {"stageName": name}, JSON)

    def _refused(self, call: Call) -> Answer | None:
        checks: dict[str, Callable[[dict[str, Any]], Answer | None]] = {
            "CreateApi": _refused_api,
            "CreateStage": self._refused_stage,
            "CreateIntegration": _refused_integration,
            "UpdateIntegration": lambda body: _refused_parameters(body, removing=True),
            "CreateRoute": self._refused_new_route,
            "UpdateRoute": self._refused_route,
            "DeleteIntegration": self._refused_removal,
            "DeleteAuthorizer": self._refused_removal,
            "CreateAuthorizer": self._refused_new_authorizer,
            "UpdateAuthorizer": _refused_authorizer,
        }
        check = checks.get(call.action)
        return check(call.body) if check else None

    def _refused_stage(self, body: dict[str, Any]) -> Answer | None:
        there = body["stageName"] in self._listed("stages", body, "StageName")
        if not there:
            self._overlay.pop(body["stageName"], None)
        return _conflict("Stage already exists") if there else _refused_settings(body)

    def _refused_removal(self, body: dict[str, Any]) -> Answer | None:
        if "integrationId" in body and body["integrationId"] not in self._listed("integrations", body, "IntegrationId"):
            return gateway_refusal("NotFoundException", "Invalid Integration identifier specified", 404)
        used = {*self._listed("routes", body, "Target"), *self._listed("routes", body, "AuthorizerId")}
        named = {body.get("authorizerId"), f"integrations/{body.get('integrationId')}"}
        return _conflict("Cannot delete it: a Route uses it") if used & named else None

    def _refused_new_route(self, body: dict[str, Any]) -> Answer | None:
        full = len(self._items("routes", body)) >= self.quotas["routes"]
        return _full("Routes") if full else self._refused_route(body)

    def _refused_route(self, body: dict[str, Any]) -> Answer | None:
        if not ROUTE_KEY.match(body["routeKey"]):
            return _bad("The provided route key is not formatted properly for HTTP protocol")
        others = [route for route in self._items("routes", body) if route["RouteId"] != body.get("routeId")]
        if any(route["RouteKey"] == body["routeKey"] for route in others):
            return _conflict(f"Route with key {body['routeKey']} already exists for this API")
        if body["target"].removeprefix("integrations/") not in self._listed("integrations", body, "IntegrationId"):
            return gateway_refusal("NotFoundException", "Invalid Integration identifier specified", 404)
        if body.get("authorizationType") == "JWT":
            if body.get("authorizerId") not in self._listed("authorizers", body, "AuthorizerId"):
                return gateway_refusal("NotFoundException", "Invalid Authorizer identifier specified", 404)
        elif body.get("authorizationScopes"):
            return _bad("Scopes need an authorizer")
        return _bad("Too many scopes") if len(body.get("authorizationScopes", [])) > 10 else None

    def _refused_new_authorizer(self, body: dict[str, Any]) -> Answer | None:
        full = len(self.authorizers(body["apiId"])) >= self.quotas["authorizers"]
        return _full("Authorizers") if full else _refused_authorizer(body)

    def change(self, name: str, **fields: Any) -> None:
        """Show other fields of a stage or route: somebody changed it where the emulator cannot."""
        self._overlay[name] = fields

    def authorizers(self, api: str) -> list[dict[str, Any]]:
        """All of an API, as the emulator shows each."""
        found = []
        for name in self._authorizers.get(api, []):
            with suppress(self.client.exceptions.NotFoundException):
                found.append(self.client.get_authorizer(ApiId=api, AuthorizerId=name))
        return found

    def _items(self, kind: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        if kind == "authorizers":
            return self.authorizers(body["apiId"])
        try:
            found: list[dict[str, Any]] = getattr(self.client, f"get_{kind}")(ApiId=body["apiId"])["Items"]
        except self.client.exceptions.NotFoundException:
            return []
        return found

    def _listed(self, kind: str, body: dict[str, Any], key: str) -> list[str]:
        shown = self._items(kind, body)
        if key == "AuthorizerId" and kind == "routes":
            shown = [route for route in shown if route.get("AuthorizationType") == "JWT"]
        return [item.get(key) or "" for item in shown]


def _full(parts: str) -> Answer:
    """The answer about authorizers in anomalyco/sst#4522: a status of throttling, so SDKs send the request again."""
    message = (
        f"Maximum number of {parts} for this API has been reached. Please contact AWS if you need additional {parts}."
    )
    return gateway_refusal("ConflictException", message, 429)


def _refused_settings(body: dict[str, Any]) -> Answer | None:
    """ "AccessLogSettings" in "Stages"; AWS CDK, too, checks that the format names the request (aws-cdk#33977)."""
    log = body.get("accessLogSettings")
    if log and not LOG_GROUP.match(log.get("destinationArn", "")):
        return _bad("Invalid ARN specified in the request. ARN must be for a CloudWatch Logs log group")
    if log and not re.search(r"\$context\.(requestId|extendedRequestId)\b", log.get("format", "")):
        return _bad("Access log format must contain $context.requestId or $context.extendedRequestId")
    return None


def _refused_api(body: dict[str, Any]) -> Answer | None:
    fits = 1 <= len(body.get("name", "")) <= 128
    return None if fits else _bad("Name must have 1 to 128 characters")


def _refused_authorizer(body: dict[str, Any]) -> Answer | None:
    issuer = body.get("jwtConfiguration", {}).get("issuer", "")
    return None if issuer.startswith("https://") else _bad("Invalid issuer")


def _refused_integration(body: dict[str, Any]) -> Answer | None:
    if body.get("integrationType") != "HTTP_PROXY" or body.get("payloadFormatVersion") != "1.0":
        return _bad("A private integration is HTTP_PROXY with payload format version 1.0")
    if not body.get("connectionId") or not body.get("integrationMethod"):
        return _bad("A private integration needs a connectionId and an integrationMethod")
    if not re.match(r"^arn:aws[a-z-]*:(elasticloadbalancing|servicediscovery):", body.get("integrationUri", "")):
        return _bad("A private integration needs the ARN of a listener or of a Cloud Map service")
    return _refused_parameters(body)


def _refused_parameters(body: dict[str, Any], *, removing: bool = False) -> Answer | None:
    for key, value in body.get("requestParameters", {}).items():
        if not PARAMETER.match(key):
            return _bad(f"Invalid mapping expression specified: {key}")
        if RESERVED.search(key):
            return _bad(f"Operations on header {key} are restricted")
        if not value and not removing:
            return _bad("Mapping expression missing source or destination")
        if value.startswith("$context.") and not CONTEXT.match(value):
            return _bad(f"Invalid mapping expression specified: {value}")
    return None


def _identifier(item: dict[str, Any]) -> str:
    keys = ("routeId", "integrationId", "authorizerId", "stageName", "apiId")
    return next((item[key] for key in keys if item.get(key) and key in item), "")


def _camel(authorizer: dict[str, Any]) -> dict[str, Any]:
    jwt = authorizer["JwtConfiguration"]
    return {"issuer": jwt["Issuer"], "audience": jwt["Audience"]}


def _bad(message: str) -> Answer:
    return gateway_refusal("BadRequestException", message, 400)


def _conflict(message: str) -> Answer:
    return gateway_refusal("ConflictException", message, 409)
