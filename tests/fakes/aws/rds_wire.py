"""RDS's wire format in both directions: forms in, XML out, according to botocore's model of the service."""

from functools import cache
from typing import Any
from xml.etree import ElementTree as ET

import botocore.session
from botocore.model import ListShape, ServiceModel, Shape, StructureShape

from tests.fakes.aws.proxy import Answer


@cache
def _model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("rds")


def parameters(action: str, form: dict[str, str]) -> dict[str, Any]:
    """What a form says."""
    shape = _model().operation_model(action).input_shape
    found: dict[str, Any] = _parsed(shape, form, "") or {}
    return found


def answer(action: str, content: dict[str, Any]) -> Answer:
    """A good answer."""
    operation = _model().operation_model(action)
    root = ET.Element(f"{action}Response")
    if operation.output_shape is not None:
        result = ET.SubElement(root, f"{action}Result")
        _written(result, operation.output_shape, content)
    ET.SubElement(ET.SubElement(root, "ResponseMetadata"), "RequestId").text = "0"
    return Answer(200, ET.tostring(root), "text/xml")


def _parsed(shape: Shape | None, form: dict[str, str], prefix: str) -> Any:
    if isinstance(shape, StructureShape):
        members = {
            name: _parsed(member, form, f"{prefix}.{name}" if prefix else name)
            for name, member in shape.members.items()
        }
        return {name: value for name, value in members.items() if value is not None} or None
    if isinstance(shape, ListShape):
        item = shape.member.serialization.get("name", "member")
        found: list[Any] = []
        while (value := _parsed(shape.member, form, f"{prefix}.{item}.{len(found) + 1}")) is not None:
            found.append(value)
        return found or None
    text = form.get(prefix)
    if text is None or shape is None:
        return None
    if shape.type_name == "boolean":
        return text == "true"
    return int(text) if shape.type_name == "integer" else text


def _written(parent: ET.Element, shape: Shape, value: Any) -> None:
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                _written(ET.SubElement(parent, name), member, value[name])
    elif isinstance(shape, ListShape):
        for item in value:
            _written(ET.SubElement(parent, shape.member.serialization.get("name", "member")), shape.member, item)
    else:
        parent.text = str(value).lower() if isinstance(value, bool) else str(value)
