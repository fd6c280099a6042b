"""Python imports this at the start of a service's process: it writes down which AWS calls the service makes.

It writes each kind of call once, as a line of JSON. Values of parameters are left out, except for names of resources,
which are replaced by the names of the variables that hold them.
"""

import json
import os
from typing import Any

import botocore.handlers

RESOURCES = ("IndexName", "QueueUrl", "TableName", "TopicArn")
_variables = {value: name for name, value in os.environ.items()}
_written: set[str] = set()


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            _variables.get(key, key): _variables.get(each, each) if key in RESOURCES else _shape(each)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [json.loads(each) for each in sorted({json.dumps(_shape(each), sort_keys=True) for each in value})]
    return None


def _write(params: dict[str, Any], model: Any, **_: Any) -> None:
    call = {
        "microservice": os.environ["SERVICE_NAME"],
        "service": model.service_model.service_name,
        "operation": model.name,
        "parameters": _shape(params),
    }
    line = json.dumps(call, sort_keys=True)
    if line not in _written:
        _written.add(line)
        with open(os.environ["AWS_CALLS"], "a", encoding="utf-8") as calls:  # noqa: PTH123 imports nothing more
            calls.write(line + "\n")


botocore.handlers.BUILTIN_HANDLERS.append(("before-parameter-build", _write))
