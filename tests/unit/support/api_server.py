"""An API server in memory with the calls for children: create, read, merge patch, JSON patch and apply."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from microservice_operator.cluster.api_client import APPLY_PATCH, JSON_PATCH, ApiError

Object = dict[str, Any]


def refusal(code: int, reason: str, message: str = "", *causes: Mapping[str, str]) -> ApiError:
    """What the API server answers, as a Status object."""
    return ApiError(code, {"reason": reason, "message": message, "details": {"causes": list(causes)}}, "PATCH /it")


@dataclass
class ApiServer:
    """Objects by path. `admission` changes what is written; `refuse` runs first and may raise."""

    objects: dict[str, Object] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    admission: Callable[[Object], None] = lambda _: None
    refuse: Callable[[str, str, str], None] = lambda *_: None
    _version: int = 0

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> Object:
        """One request."""
        self.asked.append((method, path, content_type if method == "PATCH" else ""))
        self.refuse(method, path, content_type)
        object_path = f"{path}/{body['metadata']['name']}" if method == "POST" else path
        if method == "POST":
            if object_path in self.objects:
                raise refusal(409, "AlreadyExists")
            return self._store(object_path, body, query)
        if object_path not in self.objects:
            raise refusal(404, "NotFound")
        if method == "DELETE":
            return self.objects.pop(object_path)
        if method == "PATCH":
            return self._patch(object_path, body, content_type, query or {})
        return copy.deepcopy(self.objects[object_path])

    def put(self, path: str, item: Mapping[str, Any]) -> None:
        """Another client's object, or its change of an object."""
        self._version += 1
        metadata = {"uid": f"foreign-{self._version}", **item["metadata"], "resourceVersion": str(self._version)}
        self.objects[path] = copy.deepcopy({**item, "metadata": metadata})

    def writes(self, since: int = 0) -> list[tuple[str, str]]:
        """Method and path of what was asked to be changed."""
        return [(method, path) for method, path, _ in self.asked[since:] if method != "GET"]

    def _patch(self, at: str, body: Any, content_type: str, query: Mapping[str, str]) -> Object:
        item = copy.deepcopy(self.objects[at])
        if content_type == JSON_PATCH:
            for operation in body:
                _operate(item, operation)
        else:
            if body["metadata"].get("uid", item["metadata"]["uid"]) != item["metadata"]["uid"]:
                raise refusal(422, "Invalid", "", {"field": "metadata.uid", "message": "field is immutable"})
            _merge(item, body, lists=content_type == APPLY_PATCH)
        return self._store(at, item, query if content_type == APPLY_PATCH else None)

    def _store(self, at: str, body: Mapping[str, Any], query: Mapping[str, str] | None) -> Object:
        self._version += 1
        item = copy.deepcopy(dict(body))
        metadata = item["metadata"]
        metadata.setdefault("uid", f"uid-{self._version}")
        metadata["resourceVersion"] = str(self._version)
        if query and "fieldManager" in query:
            operation = "Apply" if "force" in query else "Update"
            entry = {"manager": query["fieldManager"], "operation": operation}
            managed = metadata.setdefault("managedFields", [])
            if entry not in managed:
                managed.append(entry)
        self.admission(item)
        self.objects[at] = item
        return copy.deepcopy(item)


def _merge(into: Object, patch: Mapping[str, Any], *, lists: bool) -> None:
    """As a merge patch; lists of named items are merged by name where an apply does that."""
    for key, value in patch.items():
        there = into.get(key)
        if isinstance(value, Mapping) and isinstance(there, dict):
            _merge(there, value, lists=lists)
        elif value is None and not lists:
            into.pop(key, None)
        elif lists and there is not None and _named(value) and _named(there):
            _merge_items(there, value)
        else:
            into[key] = copy.deepcopy(value)


def _named(value: Any) -> bool:
    return bool(isinstance(value, list) and value and all(isinstance(i, dict) and "name" in i for i in value))


def _merge_items(into: list[Object], items: list[Object]) -> None:
    known = {item["name"]: item for item in into}
    for item in items:
        if item["name"] in known:
            _merge(known[item["name"]], item, lists=True)
        else:
            into.append(copy.deepcopy(item))


def _operate(item: Any, operation: Mapping[str, Any]) -> None:
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
    holder = item
    for part in parents:
        holder = holder[int(part)] if isinstance(holder, list) else holder[part]
    key = int(last) if isinstance(holder, list) else last
    if operation["op"] == "test":
        if holder[key] != operation["value"]:
            raise refusal(422, "Invalid", "the server rejected our request due to an error in our request")
    elif operation["op"] == "remove":
        del holder[key]
    else:
        holder[key] = copy.deepcopy(operation["value"])
