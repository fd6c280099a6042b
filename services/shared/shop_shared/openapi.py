"""``python -m shop_shared.openapi user product order``: writes each service's OpenAPI documents from its routes.

    openapi.yaml            what the gateway publishes: the operator makes its routes from it
    openapi.internal.yaml   all of it, where a service also has operations for other services only

The application is built as in the pod, of the examples that its settings give, and never started. ``--check``
compares and writes nothing. PyYAML is at hand where services are developed, not in their image.
"""

import argparse
import importlib
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any, get_type_hints

import yaml
from pydantic_core import PydanticUndefined

from shop_shared.settings import ServiceSettings

SERVICES = Path(__file__).parents[2]

Document = dict[str, Any]


def contract(service: str) -> Document:
    """All operations of a service."""
    create_app = importlib.import_module(f"{service}_service.app").create_app
    kind: type[ServiceSettings] = get_type_hints(create_app)["settings"]
    document: Document = create_app(kind(**_examples(kind))).openapi()
    return document


def published(document: Document) -> Document:
    """Without what is internal, and without the schemas that nothing refers to any more."""
    public = deepcopy(document)
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if operation.get("x-internal"):
                del public["paths"][path][method]
        if not public["paths"][path]:
            del public["paths"][path]
    schemas = public.get("components", {}).get("schemas", {})
    wanted = _referred(public["paths"], schemas)
    for name in set(schemas) - wanted:
        del schemas[name]
    return public


def files(service: str) -> dict[Path, str]:
    whole = contract(service)
    public = published(whole)
    folder = SERVICES / service
    written = {folder / "openapi.yaml": _text(public)}
    if public != whole:
        written[folder / "openapi.internal.yaml"] = _text(whole)
    return written


def _examples(kind: type[ServiceSettings]) -> dict[str, Any]:
    required = {name: field for name, field in kind.model_fields.items() if field.default is PydanticUndefined}
    if bare := [name for name, field in required.items() if name != "service_name" and not field.examples]:
        raise SystemExit(f"{kind.__name__}: give an example to {', '.join(bare)}: Field(examples=[…])")
    return {name: field.examples[0] for name, field in required.items() if field.examples}


def _referred(node: Any, schemas: Document, seen: set[str] | None = None) -> set[str]:
    seen = set() if seen is None else seen
    match node:
        case {"$ref": str(reference)}:
            name = reference.rsplit("/", 1)[-1]
            if name not in seen and name in schemas:
                seen.add(name)
                _referred(schemas[name], schemas, seen)
        case dict():
            for value in node.values():
                _referred(value, schemas, seen)
        case list():
            for value in node:
                _referred(value, schemas, seen)
    return seen


def _text(document: Document) -> str:
    head = "# Written by `python -m shop_shared.openapi`; change the routes instead.\n"
    return head + yaml.dump(document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)


class _Plain(yaml.SafeDumper):
    """Without anchors, which not every reader of OpenAPI documents follows, and with lists set in."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002  (as inherited)
        del indentless
        super().increase_indent(flow, False)  # noqa: FBT003


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m shop_shared.openapi")
    parser.add_argument("services", nargs="+")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    asked = parser.parse_args()
    stale = []
    for service in asked.services:
        for file, text in files(service).items():
            if file.exists() and file.read_text("utf-8") == text:
                continue
            stale.append(str(file.relative_to(SERVICES.parent)))
            if not asked.check:
                file.write_text(text, "utf-8")
    if asked.check and stale:
        sys.exit(f"error: {', '.join(stale)} differ from the routes; run: .ci/openapi")


if __name__ == "__main__":
    main()
