"""Add scopes to access tokens before Amazon Cognito signs them: the function of the module `identity`.

A user has the scopes whose names are groups of the user. A client without a user has those that Cognito granted it,
under the names of the services: `shop:admin` instead of `shop/admin`. Environment: `SCOPES` names all scopes, separated
by spaces, and `SCOPE_PREFIX` the resource server.
"""

import os
from typing import Any

CLIENT = "TokenGeneration_ClientCredentials"


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    """Take and return an event of "Pre token generation Lambda trigger", version V3_0."""
    names = _granted(event) if event["triggerSource"] == CLIENT else _groups(event)
    scopes = sorted(names & set(os.environ["SCOPES"].split()))
    event["response"] = {"claimsAndScopeOverrideDetails": {"accessTokenGeneration": {"scopesToAdd": scopes}}}
    return event


def _groups(event: dict[str, Any]) -> set[str]:
    return set(event["request"].get("groupConfiguration", {}).get("groupsToOverride") or [])


def _granted(event: dict[str, Any]) -> set[str]:
    prefix = f"{os.environ['SCOPE_PREFIX']}/"
    granted = event["request"].get("scopes") or []
    return {name.replace("/", ":", 1) for name in granted if name.startswith(prefix)}
