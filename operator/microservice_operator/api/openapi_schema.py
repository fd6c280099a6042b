"""Converts models to structural OpenAPI v3, the dialect of CustomResourceDefinitions.

Pydantic's JSON schema is inlined, because a CRD allows no `$ref`. What a CRD refuses is removed: `title`, closed
objects and null. CEL rules are added, also for the keys of maps. A default from a factory is omitted: an item that the
API server adds to a keyed list has no owner, so server-side apply could never remove it.
"""

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from .base import Model, Rule, Transition

Schema = dict[str, Any]

_DROPPED = {"title", "$defs", "patternProperties", "propertyNames", "const"}
_FIRST = ("description", "type", "format", "x-kubernetes-int-or-string", "default", "enum")


class _Generator(GenerateJsonSchema):
    """Adds the rules of each model."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        result = super().model_schema(schema)
        model = schema["cls"]
        if issubclass(model, Model):
            rules: tuple[Rule | Transition, ...] = (*model.rules, *model.transitions)
            if rules:
                result["x-kubernetes-validations"] = [validation(rule) for rule in rules]
        return result


def validation(rule: Rule | Transition) -> Schema:
    """Convert a rule to an item of `x-kubernetes-validations`."""
    result = {"rule": rule.cel, "message": rule.message, "reason": "FieldValueInvalid"}
    if rule.field:
        result["fieldPath"] = "." + rule.field
    return result


def structural(model: type[Model]) -> Schema:
    """Return the structural schema of a model, with all references inlined."""
    raw = model.model_json_schema(by_alias=True, mode="validation", schema_generator=_Generator)
    return _converted(raw, raw.get("$defs", {}))


def _converted(node: Schema, definitions: dict[str, Schema]) -> Schema:
    node = _resolved(node, definitions)
    result = {key: value for key, value in node.items() if key not in _DROPPED}
    if result.get("additionalProperties") is False:
        del result["additionalProperties"]
    if "default" in result and result["default"] is None:
        del result["default"]
    if "description" in result:
        result["description"] = " ".join(result["description"].split())
    if "const" in node:
        result["enum"] = [node["const"]]
    _convert_map(node, result)
    for key in ("items", "additionalProperties"):
        if key in result:
            result[key] = _converted(result[key], definitions)
    if "properties" in result:
        result["properties"] = {
            name: _converted(child, definitions) for name, child in sorted(result["properties"].items())
        }
    return {key: result[key] for key in (*_FIRST, *sorted(set(result) - set(_FIRST))) if key in result}


def _resolved(node: Schema, definitions: dict[str, Schema]) -> Schema:
    """Merge a node with its reference or its one non-null branch; the node's own keys take precedence."""
    while "$ref" in node or "anyOf" in node:
        if "$ref" in node:
            inner = definitions[node["$ref"].removeprefix("#/$defs/")]
        else:
            branches = [branch for branch in node["anyOf"] if branch != {"type": "null"}]
            if len(branches) != 1:
                raise ValueError(f"a CRD allows no union: {json.dumps(node)}")
            inner = branches[0]
        node = {**inner, **{key: value for key, value in node.items() if key not in ("$ref", "anyOf")}}
    return node


def _convert_map(node: Schema, result: Schema) -> None:
    """Convert constraints on keys to a rule, because a structural schema cannot express them."""
    keys = dict(node.get("propertyNames", {}))
    for pattern, values in node.get("patternProperties", {}).items():
        keys["pattern"] = pattern
        result["additionalProperties"] = values
    conditions = []
    if "minLength" in keys:
        conditions.append(f"k.size() >= {keys['minLength']}")
    if "maxLength" in keys:
        conditions.append(f"k.size() <= {keys['maxLength']}")
    if "pattern" in keys:
        conditions.append(f"k.matches({json.dumps(keys['pattern'])})")
    if conditions:
        rule = {
            "rule": f"self.all(k, {' && '.join(conditions)})",
            "message": "a key is too long, too short or has a character that is not allowed",
            "reason": "FieldValueInvalid",
        }
        result["x-kubernetes-validations"] = [*result.get("x-kubernetes-validations", []), rule]
