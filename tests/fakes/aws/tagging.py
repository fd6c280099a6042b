"""The Resource Groups Tagging API over all emulated services, which the emulator knows only in parts.

Source is "GetResources" in its API Reference: it returns resources that are or were tagged and match every filter, in
pages. It knows no roles ("Services that support the Resource Groups Tagging API" in its User Guide).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.fakes.aws.proxy import Answer, Call, Emulator
from tests.fakes.aws.whole import REGION, WholeAWS

ACCOUNT = "123456789012"
PAGE = 2
Tags = Mapping[str, str]


@dataclass
class Tagging:
    """A layer of the proxy that never asks the emulator; each deleted resource stays in so many more lists."""

    aws: WholeAWS
    gone_looks: int = 0
    _gone: dict[str, int] = field(default_factory=dict)
    _seen: dict[str, Tags] = field(default_factory=dict)

    def __call__(self, call: Call, emulator: Emulator) -> Answer:  # noqa: ARG002 the signature of a layer
        wanted = {entry["Key"]: entry.get("Values", []) for entry in call.body.get("TagFilters", [])}
        start = int(call.body.get("PaginationToken") or 0)
        everything = self._everything() if start == 0 else self._seen
        found = [
            {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
            for arn, tags in sorted(everything.items())
            if all(key in tags and (not values or tags[key] in values) for key, values in wanted.items())
        ]
        more = str(start + PAGE) if len(found) > start + PAGE else ""
        return Answer(200, {"ResourceTagMappingList": found[start : start + PAGE], "PaginationToken": more})

    def remember(self) -> None:
        """What exists now has tags, and may be deleted before the next look."""
        self._seen |= dict(resources(self.aws))

    def _everything(self) -> dict[str, Tags]:
        now = dict(resources(self.aws))
        for arn, tags in self._seen.items():
            left = self._gone.setdefault(arn, self.gone_looks) if arn not in now else 0
            if left:
                self._gone[arn] -= 1
                now[arn] = tags
        self._seen = now
        return now


def resources(aws: WholeAWS) -> Iterator[tuple[str, Tags]]:
    """ARN and tags of everything that the API covers."""
    yield from _messaging(aws)
    dynamodb = aws.clients["dynamodb"]
    for page in dynamodb.get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
            yield arn, _tags(dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"])
    for api in aws.clients["apigatewayv2"].get_apis()["Items"]:
        yield f"arn:aws:apigateway:{REGION}::/apis/{api['ApiId']}", api.get("Tags", {})
    for group in aws.clients["ec2"].describe_security_groups()["SecurityGroups"]:
        arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/{group['GroupId']}"
        yield arn, _tags(group.get("Tags", []))
    for association in aws.eks.associations.values():
        yield association["associationArn"], association["tags"]
    for instance in aws.rds.instances.values():
        yield instance["DBInstanceArn"], _tags(instance["TagList"])
    for each in [*aws.rds.groups.subnet_groups.values(), *aws.rds.groups.parameter_groups.values()]:
        yield each.get("DBSubnetGroupArn") or each["DBParameterGroupArn"], _tags(each["_tags"])


def _messaging(aws: WholeAWS) -> Iterator[tuple[str, Tags]]:
    sns, sqs = aws.clients["sns"], aws.clients["sqs"]
    for page in sns.get_paginator("list_topics").paginate():
        for topic in page["Topics"]:
            arn = topic["TopicArn"]
            yield arn, _tags(sns.list_tags_for_resource(ResourceArn=arn)["Tags"])
    for page in sqs.get_paginator("list_queues").paginate():
        for url in page.get("QueueUrls", []):
            arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rpartition('/')[2]}"
            yield arn, sqs.list_queue_tags(QueueUrl=url).get("Tags", {})


def _tags(listed: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in listed}
