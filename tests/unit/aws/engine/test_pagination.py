"""Lists in AWS end; a list without an end counts as unknown."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import microservice_operator
from microservice_operator.aws.engine.pagination import MOST, pages
from microservice_operator.errors import NotYet
from microservice_operator.facts import Reason

PACKAGE = Path(microservice_operator.__file__).parent


class _Service:
    """Answers page after page; `next_of` says what leads on from which token."""

    def __init__(self, next_of: Mapping[str, str] | None, token: str = "NextToken") -> None:
        self.next_of, self.token = next_of, token
        self.asked: list[dict[str, Any]] = []

    async def read(self, action: str, **parameters: Any) -> dict[str, Any]:
        assert action == "ListThings"
        self.asked.append(parameters)
        token = parameters.get(self.token, "")
        following = str(len(self.asked)) if self.next_of is None else self.next_of.get(token)
        return {"Things": [token], self.token: following} if following else {"Things": [token]}


@pytest.mark.parametrize(
    ("next_of", "found"),
    [({}, [""]), ({"": "a"}, ["", "a"]), ({"": "a", "a": "b"}, ["", "a", "b"])],
    ids=["one page", "two", "three"],
)
@pytest.mark.parametrize("token", ["NextToken", "Marker"])
async def test_every_page_comes_once(next_of: dict[str, str], found: list[str], token: str) -> None:
    service = _Service(next_of, token)
    things = [thing async for page in pages(service.read, "ListThings", token, Of="it") for thing in page["Things"]]
    assert things == found
    assert all(asked["Of"] == "it" for asked in service.asked)


@pytest.mark.parametrize(
    "next_of",
    [{"": "a", "a": "a"}, {"": "a", "a": "b", "b": "a"}, None],
    ids=["the same token again", "a circle", "a new token for ever"],
)
async def test_a_list_without_end_is_not_known(next_of: dict[str, str] | None) -> None:
    service = _Service(next_of)
    with pytest.raises(NotYet, match="ListThings") as raised:
        async for _ in pages(service.read, "ListThings"):
            pass
    assert raised.value.reason == Reason.AWS_UNAVAILABLE
    assert len(service.asked) <= MOST


def test_only_what_works_for_the_life_of_the_process_loops_without_end() -> None:
    """A loop that only a response can end needs a limit."""
    endless = {
        (str(path.relative_to(PACKAGE)), function.name)
        for path in PACKAGE.rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.While) and isinstance(node.test, ast.Constant)
    }
    assert endless == {
        ("app.py", "run"),  # to lead, and to wait until it leads again
        ("cluster/lease.py", "run"),
        ("workers.py", "work"),
        ("cluster/secret_poll.py", "run"),
        ("cluster/watch.py", "run"),
    }
