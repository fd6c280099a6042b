"""What moto lacks of Amazon Cognito: the tier of a user pool after an update, and DeleteResourceServer."""

from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from moto.cognitoidp.models import CognitoIdpUserPool
from moto.cognitoidp.responses import CognitoIdpResponse
from moto.core.responses import ActionResult, EmptyResult

_to_json = CognitoIdpUserPool.to_json


def _with_tier(pool: CognitoIdpUserPool, extended: bool = False) -> dict[str, Any]:
    """ESSENTIALS is the default of Cognito ("UpdateUserPool" in its API reference)."""
    return {"UserPoolTier": "ESSENTIALS", **_to_json(pool, extended)}


def _delete_resource_server(self: CognitoIdpResponse) -> ActionResult:
    asked = self.parameters
    pool = self.backend.describe_user_pool(asked["UserPoolId"])
    self.backend.describe_resource_server(pool.id, asked["Identifier"])  # refuses one that does not exist
    del pool.resource_servers[asked["Identifier"]]
    return EmptyResult()


def corrections() -> list[AbstractContextManager[Any]]:
    """Patches of moto, for the time of an account."""
    return [
        mock.patch.object(CognitoIdpUserPool, "to_json", _with_tier),
        mock.patch.object(CognitoIdpResponse, "delete_resource_server", _delete_resource_server, create=True),
    ]
