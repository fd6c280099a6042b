"""STS where the emulator is kinder: it lets everybody assume any role, with any external ID, for any time.

"AssumeRole" in the AWS STS API Reference: the trust policy of the role must allow the caller, an external ID must be
the one that it names, and a role that assumes another one gets an hour at most. A refusal does not tell which of them
it is, nor whether the role exists. "Use the AWS ParallelCluster API" in awsdocs/aws-parallelcluster-user-guide shows
its text.
"""

import re
from dataclasses import dataclass, field

from tests.fakes.aws.proxy import Answer, Call, Emulator, xml_refusal

LONGEST = 3600  # seconds of a session of a role that another role has assumed


@dataclass
class StrictSTS:
    """A layer of the proxy; it remembers which access key belongs to which role."""

    external_ids: dict[str, str] = field(default_factory=dict)  # by ARN of a role that trusts the operator; "": none
    roles: dict[str, str] = field(default_factory=dict)  # by access key
    ended: set[str] = field(default_factory=set)  # access keys of sessions that are over

    def __call__(self, call: Call, emulator: Emulator) -> Answer:
        if call.access_key in self.ended:
            return xml_refusal("ExpiredToken", "The security token included in the request is expired", 403)
        if call.action != "AssumeRole":
            return emulator(call)
        role, required = call.body["RoleArn"], self.external_ids.get(call.body["RoleArn"])
        if required is None or (required and call.body.get("ExternalId") != required):
            caller = "User: arn:aws:sts::123456789012:assumed-role/microservice-operator/eks-prod"
            message = f"{caller} is not authorized to perform: sts:AssumeRole on resource: {role}"
            return xml_refusal("AccessDenied", message, 403)
        if int(call.body.get("DurationSeconds", 0)) > LONGEST:
            message = (
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
            )
            return xml_refusal("ValidationError", message)
        answer = emulator(call)
        found = re.search(rb"<AccessKeyId>([^<]+)<", answer.body)
        assert found, answer
        self.roles[found.group(1).decode()] = role
        return answer

    def account(self, call: Call) -> str:
        """The account of a call's credentials; "" if they are the operator's own."""
        role = self.roles.get(call.access_key, "")
        return role.split(":")[4] if role else ""
