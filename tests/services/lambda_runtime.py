"""What Lambda does with a function: loads what was in its zip and hands it one event after the other.

`python lambda_runtime.py FOLDER` reads lines of JSON, `{"handler", "event"}`, and writes one line for each answer,
which begins with `ANSWER`; what the function itself writes is its log.
"""

import importlib
import json
import sys
from dataclasses import dataclass
from typing import Any
from uuid import uuid4


@dataclass(frozen=True)
class Context:
    """The fields of Lambda's own that Powertools looks at."""

    aws_request_id: str
    function_name: str = "order-intake"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:order-intake"

    def get_remaining_time_in_millis(self) -> int:
        """As long as the function may take."""
        return 10_000


def main() -> None:
    """Until the input ends."""
    sys.path.insert(0, sys.argv[1])
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        module, _, name = asked["handler"].rpartition(".")
        answer = getattr(importlib.import_module(module), name)(asked["event"], Context(str(uuid4())))
        print(f"ANSWER {json.dumps(answer)}", flush=True)


if __name__ == "__main__":
    main()
