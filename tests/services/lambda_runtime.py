"""A minimal Lambda runtime: it loads the unpacked zip of a function and passes it events one by one.

`python lambda_runtime.py FOLDER` reads lines of JSON, `{"handler", "event"}`, and writes a line for each result,
which starts with `ANSWER`. All other output is the function's log.
"""

import importlib
import json
import sys
from dataclasses import dataclass
from typing import Any
from uuid import uuid4


@dataclass(frozen=True)
class Context:
    """The fields of Lambda's context that Powertools uses."""

    aws_request_id: str
    function_name: str = "order-intake"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:order-intake"

    def get_remaining_time_in_millis(self) -> int:
        """Return the timeout of the function."""
        return 10_000


def main() -> None:
    """Handle events until the input ends."""
    sys.path.insert(0, sys.argv[1])
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        module, _, name = asked["handler"].rpartition(".")
        answer = getattr(importlib.import_module(module), name)(asked["event"], Context(str(uuid4())))
        print(f"ANSWER {json.dumps(answer)}", flush=True)


if __name__ == "__main__":
    main()
