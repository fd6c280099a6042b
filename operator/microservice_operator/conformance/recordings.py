"""PURE: what AWS answered, without anything that identifies the account; its keys are those of `tests/aws/facts.yaml`.

Text stays only under keys whose values AWS defines, such as a status. All other text becomes `<text>`: a list that
removes known secrets would miss the next one.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..api.parsing import Environment
from ..aws.engine.call import Measured

TEXT = "<text>"
KEPT = frozenset(
    {
        "AttributeName", "AttributeType", "BillingMode", "Code", "ConnectionType", "ContinuousBackupsStatus",
        "CreationRequestStatus", "DBInstanceStatus", "DBParameterGroupFamily", "DBParameterGroupStatus", "Engine",
        "EngineVersion", "EvalDecision", "FilterPolicyScope", "IndexStatus", "IntegrationType", "KeyState", "KeyType",
        "KeyUsage", "OptInStatus", "ParameterApplyStatus", "PayloadFormatVersion", "PointInTimeRecoveryStatus",
        "PolicyType", "ProjectionType", "Protocol", "ProtocolType", "ScalableDimension", "ServiceNamespace", "State",
        "Status", "StorageType", "StreamViewType", "SubnetGroupStatus", "TableStatus", "TimeToLiveStatus",
        "VpcLinkStatus", "status",
    }
)  # fmt: skip
_ARN = re.compile(r"arn:aws[a-z-]*:[^\s\"',;)]+")
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_ID = re.compile(r"\b[a-z]{1,5}-[0-9a-f]{8,17}\b|\b(?:AKIA|ASIA|AROA|AIDA|AGPA)[A-Z0-9]+\b|\b[0-9]{12}\b")
_OF_THE_API = {"PodIdentity", "IRSA", "Retain", "Delete", "$default", "*"}  # values of the API, which name nothing
_METADATA = "ResponseMetadata"


def recordings(calls: Iterable[Measured], words: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the different answers of each service; `words` are removed from messages of errors."""
    removed = sorted({word for word in words if word}, key=len, reverse=True)
    recorded: dict[str, list[dict[str, Any]]] = {}
    for call in calls:
        row = _row(call, removed)
        rows = recorded.setdefault(call.service, [])
        if row not in rows:
            rows.append(row)
    return {service: sorted(rows, key=lambda row: str(row["operation"])) for service, rows in sorted(recorded.items())}


def names(environment: Environment) -> set[str]:
    """Return the words of an Environment that could name something of its owner in a message."""
    spec = environment.spec.manifest()
    tags = spec.get("tags", {})
    return ({environment.name, *tags, *_texts(tags), *_texts(spec.get("aws", {}))}) - _OF_THE_API


def message(text: str, words: Iterable[str]) -> str:
    """Return the message of an error without ARNs, ids and these words, which come longest first."""
    for pattern, placeholder in ((_ARN, "<arn>"), (_UUID, "<id>")):
        text = pattern.sub(placeholder, text)
    for word in words:
        text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", "<name>", text)
    return _ID.sub("<id>", text)


def _texts(value: Any) -> set[str]:
    """Return every text in plain data."""
    if isinstance(value, Mapping):
        return {text for entry in value.values() for text in _texts(entry)}
    if isinstance(value, list):
        return {text for entry in value for text in _texts(entry)}
    return {value} if isinstance(value, str) else set()


def _row(call: Measured, words: list[str]) -> dict[str, Any]:
    row = {"operation": call.action, "request": _plain(call.parameters)}
    if call.code == "OK":
        answer = {key: value for key, value in call.answer.items() if key != _METADATA}
        return {**row, "answer": _plain(answer)}
    error = call.answer.get("Error", {})
    status = call.answer.get(_METADATA, {}).get("HTTPStatusCode", 0)
    return {**row, "status": status, "code": call.code, "message": message(str(error.get("Message", "")), words)}


def _plain(value: Any, key: str = "") -> Any:
    if isinstance(value, Mapping):
        # the keys of structures are AWS's, those of tags are a person's
        ours = key.lower() == "tags"
        return {TEXT if ours or not name.isidentifier() else name: _plain(entry, name) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry, key) for entry in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return value if isinstance(value, str) and key in KEPT else TEXT
