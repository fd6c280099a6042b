"""Remembers what IAM would be asked about each call of the operator in this process.

Calls of other clients are the tests' own: they only change what is known of the resources' tags.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.handlers
from botocore.model import OperationModel

from microservice_operator import names
from tests.fakes.aws.iam_requests import Caller, Known, Request, requests, tags_of

OPERATOR = names.FIELD_MANAGER
ACCOUNT = "123456789012"
KNOWN = Known()
_recording = [False]
ASKED: dict[Request, str] = {}  # and the call that it was asked for first
PARAMETERS, MODEL = "iam_parameters", "iam_model"
BEFORE, CALL, AFTER, LOST = "before-parameter-build", "before-call", "after-call", "after-call-error"


@contextmanager
def recording() -> Iterator[None]:
    """Remember calls only inside this block, so that tests of other folders in the same process do not count."""
    _recording.append(True)
    yield
    _recording.pop()


def watch() -> None:
    """Remember the calls of all clients that are made from now on."""
    for event, handler in ((BEFORE, _parameters), (CALL, _asked), (AFTER, _answered), (LOST, _lost)):
        if (event, handler) not in botocore.handlers.BUILTIN_HANDLERS:
            botocore.handlers.BUILTIN_HANDLERS.append((event, handler))


def _parameters(params: dict[str, Any], model: OperationModel, context: dict[str, Any], **_: Any) -> None:
    if _recording[-1]:
        context[PARAMETERS], context[MODEL] = dict(params), model


def _asked(model: OperationModel, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    if PARAMETERS in context and OPERATOR in params["headers"]["User-Agent"]:
        for request in requests(_caller(context), model, context[PARAMETERS]):
            ASKED.setdefault(request, f"{model.service_model.service_name} {model.name}")


def _caller(context: dict[str, Any]) -> Caller:
    return Caller(ACCOUNT, context["client_region"], KNOWN)


def _answered(http_response: Any, parsed: Any, model: OperationModel, context: dict[str, Any], **_: Any) -> None:
    """Remember tags that were set or removed, and paths and boundaries of roles."""
    if PARAMETERS in context and http_response.status_code < 300:
        _remember(model, context, parsed or {})


def _lost(context: dict[str, Any], **_: Any) -> None:
    """The answer is lost: what was asked for may have been done."""
    if PARAMETERS in context and context[MODEL].name not in _NAMED_BY_ANSWER:
        _remember(context[MODEL], context, {})


_NAMED_BY_ANSWER = ("CreateSecurityGroup", "CreatePodIdentityAssociation")


def _remember(model: OperationModel, context: dict[str, Any], answer: dict[str, Any]) -> None:
    params, name = context[PARAMETERS], model.name
    if model.service_model.service_name == "iam":
        _role(name, params)
    for group in answer.get("SecurityGroups", []):  # only an answer has the ids that a lost creation has given
        KNOWN.tags[_caller(context).arn("ec2", f"security-group/{group['GroupId']}")] = tags_of(group)
    resource = _resource(_caller(context), model, params, answer)
    if not resource:
        return
    if name.startswith(("Untag", "RemoveTags", "DeleteTags")):
        keys = params.get("TagKeys") or params.get("tagKeys") or [tag["Key"] for tag in params.get("Tags", [])]
        for key in keys:
            KNOWN.tags.get(resource, {}).pop(key, None)
    elif name.startswith(("Create", "Restore")) and name != "CreateTags":
        KNOWN.tags[resource] = _all_tags(params)
    else:
        KNOWN.tags.setdefault(resource, {}).update(tags_of(params))


def _all_tags(params: dict[str, Any]) -> dict[str, str]:
    """EC2 has the tags of what is created in a list of its own."""
    specified = [tag for spec in params.get("TagSpecifications", ()) for tag in spec.get("Tags", ())]
    return tags_of(params) or {tag["Key"]: tag["Value"] for tag in specified}


def _role(name: str, params: dict[str, Any]) -> None:
    role = params.get("RoleName", "")
    if name == "CreateRole":
        KNOWN.paths[role] = params.get("Path", "/")
        KNOWN.boundaries[role] = params.get("PermissionsBoundary", "")
    elif name == "PutRolePermissionsBoundary":
        KNOWN.boundaries[role] = params["PermissionsBoundary"]
    elif name == "DeleteRolePermissionsBoundary":
        KNOWN.boundaries.pop(role, None)
    elif name == "DeleteRole":
        KNOWN.paths.pop(role, None)


_TAGGING = ("Tag", "Untag", "AddTags", "RemoveTags", "DeleteTags")


def _resource(caller: Caller, model: OperationModel, params: dict[str, Any], answer: dict[str, Any]) -> str:
    """ARN of the resource whose tags a call sets or removes; "" if it does neither."""
    name, service = model.name, str(model.service_model.signing_name)
    if service == "ec2" and name == "CreateSecurityGroup":
        return caller.arn("ec2", f"security-group/{answer.get('GroupId')}")
    if service == "eks" and name == "CreatePodIdentityAssociation":
        return str(answer.get("association", {}).get("associationArn"))
    if "TargetTableName" in params:
        return caller.arn("dynamodb", f"table/{params['TargetTableName']}")
    if name.startswith((*_TAGGING, "CreateT", "CreateQ", "CreateDB", "RestoreDB")):
        return requests(caller, model, params)[-1 if name == "CreateDBSnapshot" else 0].resource
    return ""
