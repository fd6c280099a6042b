"""The function of the module `identity`: which scopes it adds to the access token of a user, and of a client."""

import re
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
IDENTITY = ROOT / "manifests/terraform/identity"
USER = "TokenGeneration_HostedAuth"
CLIENT = "TokenGeneration_ClientCredentials"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOPE_PREFIX", "shop")
    monkeypatch.setenv("SCOPES", "shop:admin shop:catalogue")


@pytest.mark.parametrize(
    ("trigger", "groups", "granted", "added"),
    [
        (USER, ["shop:catalogue", "others"], [], ["shop:catalogue"]),
        (USER, ["shop:catalogue", "shop:admin"], [], ["shop:admin", "shop:catalogue"]),
        (USER, [], ["shop/admin", "shop:admin", "openid"], []),  # what a client may request is not what a user has
        (USER, None, [], []),
        (USER, ["SHOP:ADMIN", "shop:admin "], [], []),
        (CLIENT, [], ["shop/admin"], ["shop:admin"]),
        (CLIENT, ["shop:catalogue"], ["shop/root", "other/admin", "shop/"], []),
        (CLIENT, [], None, []),
    ],
)
def test_scopes(trigger: str, groups: list[str] | None, granted: list[str] | None, added: list[str]) -> None:
    request = {"groupConfiguration": {"groupsToOverride": groups}, "scopes": granted}
    event: dict[str, Any] = {"version": "3", "triggerSource": trigger, "request": request, "response": {}}
    answer = run_path(str(IDENTITY / "scopes.py"))["handler"](event, None)
    assert answer["response"] == {"claimsAndScopeOverrideDetails": {"accessTokenGeneration": {"scopesToAdd": added}}}
    assert answer["request"] == request


def test_the_module_has_every_scope_that_the_shop_requires() -> None:
    text = (IDENTITY / "variables.tf").read_text().partition('variable "scopes"')[2].partition("}")[0]
    offered = {f"shop:{name}" for name in re.findall(r"^    (\w+) +=", text, re.MULTILINE)}
    assert offered == {"shop:admin", "shop:catalogue"}
    assert set(_required()) <= offered


def _required() -> Iterator[str]:
    for file in sorted((ROOT / "services").glob("*/openapi.yaml")):
        document = yaml.safe_load(file.read_text())
        for path in document["paths"].values():
            for operation in path.values():
                for scheme in operation.get("security", []) if isinstance(operation, dict) else []:
                    yield from (scope for scopes in scheme.values() for scope in scopes)
