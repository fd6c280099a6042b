"""IAM as AWS documents it where the emulator is kinder: limits, and what is not visible at once.

Sources are "IAM and AWS STS quotas" and "Changes that I make are not always immediately visible" in the IAM User Guide
and "CreateRole", "PutRolePolicy" and "PutRolePermissionsBoundary" in the IAM API Reference.
"""

import json
import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tests.fakes.aws.proxy import Answer, Call, Emulator, xml_refusal


@dataclass
class StrictIAM:
    """A layer of the proxy."""

    absent_looks: int = 0  # GetRole: NoSuchEntity for a while after CreateRole
    age: float = 3600  # seconds that a role has existed when it is made; 0 shows how it becomes known everywhere
    boundaries: tuple[str, ...] = ("arn:aws:iam::123456789012:policy/boundary",)
    _absent: dict[str, int] = field(default_factory=dict)

    def __call__(self, call: Call, emulator: Emulator) -> Answer:
        name = call.body.get("RoleName", "")
        refused = self._refused(call)
        if refused:
            return refused
        if call.action == "GetRole" and self._absent.get(name, 0) > 0:
            self._absent[name] -= 1
            return xml_refusal("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
        answer = emulator(call)
        if call.action == "CreateRole" and answer.status == 200:
            self._absent[name] = self.absent_looks
        return replace(answer, body=re.sub(rb"(?<=<CreateDate>)[^<]+", self._aged, answer.body))

    def _aged(self, written: re.Match[bytes]) -> bytes:
        made = datetime.fromisoformat(written.group().decode().replace("Z", "+00:00"))
        return (made - timedelta(seconds=self.age)).isoformat().encode()

    def _refused(self, call: Call) -> Answer | None:
        body = call.body
        if not re.fullmatch(r"[\w+=,.@-]{1,64}", body.get("RoleName", "none")):
            return xml_refusal("ValidationError", "The specified value for roleName is invalid.")
        if not re.fullmatch(r"/|/[!-~]{1,510}/", body.get("Path", "/")):
            return xml_refusal("ValidationError", "The specified value for path is invalid.")
        boundary = body.get("PermissionsBoundary")
        if boundary and boundary not in self.boundaries:
            message = f"Scope ARN: {boundary} does not exist or is not attachable."
            return xml_refusal("NoSuchEntity", message, 404)
        document = body.get("PolicyDocument", body.get("AssumeRolePolicyDocument", "{}"))
        if not _parses(document):
            return xml_refusal("MalformedPolicyDocument", "This policy contains invalid Json")
        limit = 10_240 if call.action == "PutRolePolicy" else 2_048
        size = len(re.sub(r"\s", "", document))
        if size > limit:
            message = f"Maximum policy size of {limit} bytes exceeded for role {body['RoleName']}"
            return xml_refusal("LimitExceeded", message, 409)
        return None


def _parses(document: str) -> bool:
    try:
        json.loads(document)
    except ValueError:
        return False
    return True
