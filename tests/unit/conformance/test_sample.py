"""The sample declares one of everything that its Environment allows, and asks before it costs something."""

from itertools import pairwise
from typing import Any

import pytest

from microservice_operator.api.environment import EnvironmentSpec
from microservice_operator.api.parsing import Environment
from microservice_operator.aws.engine.measured_clients import MeasuredClients
from microservice_operator.conformance.lifecycle import new_sample
from microservice_operator.conformance.plan import plan
from microservice_operator.conformance.sample import Run, changes, first_version, sample_environment
from microservice_operator.conformance.timing import Timing
from microservice_operator.external.registry import REGISTRY

LISTENER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/prod/50dc6c495c0c9188/f2f7dc8efc522ab2"
RDS = {"sizes": {"large": "db.m7g.large", "tiny": "db.t4g.micro"}, "caSecretRef": {"namespace": "p", "name": "ca"}}
RUN = Run("0123abcd")
SECTIONS = ("tables", "topics", "queues", "databases")


def environment(*, whole: bool) -> Environment:
    aws: dict[str, Any] = {"region": "eu-west-1", "accountID": "123456789012"}
    if not whole:
        return Environment("prod", EnvironmentSpec.model_validate({"aws": aws}))
    network = {"vpcID": "vpc-1", "subnetIDs": ["subnet-1", "subnet-2"], "podSecurityGroupID": "sg-1"}
    aws |= {
        **network,
        "apiGateway": {"name": "prod", "vpcLinkID": "abc", "listenerARN": LISTENER},
        "identity": {"type": "PodIdentity", "clusterName": "prod"},
    }
    spec = {"aws": aws, "databases": {"provider": "rds", "rds": RDS}}
    annotations = {"microservice-operator.dev/adopt": "conformance/c-0123abcd:retained"}
    return Environment("prod", EnvironmentSpec.model_validate(spec), annotations)


@pytest.mark.parametrize("whole", [True, False])
def test_each_state_is_a_valid_microservice_that_deletes_everything(whole: bool) -> None:
    first = first_version(environment(whole=whole), RUN, database=whole)
    versions = [first, *changes(first)]
    assert len({version.name for version in versions}) == len(versions)
    for version in versions:
        spec = version.microservice(RUN).spec
        manifest = spec.manifest()
        kept = [item for section in SECTIONS for item in manifest.get(section, [])]
        assert len(kept) == (4 if whole else 3)
        assert {item["deletionPolicy"] for item in kept} == {"Delete"}
        assert (spec.api is not None) is whole
        assert bool(spec.databases) is whole
    for before, after in pairwise(versions):
        assert (before.spec, before.paths) != (after.spec, after.paths)


def test_the_sample_has_one_of_every_type_of_resource() -> None:
    clients = MeasuredClients(None)
    sample = new_sample(RUN, environment(whole=True), clients, Timing())
    first = first_version(sample.environment, RUN, database=True)
    spec = first.microservice(RUN).spec.manifest()
    declared = {
        kind: [item.name for item in resource.declarations(spec, sample.environment)]
        for kind, resource in sample.reconciler.resources.items()
    }
    assert [kind for kind, items in declared.items() if not items] == []
    assert len(declared) == len(REGISTRY) - 1  # all but databases
    clients.close()


def test_without_a_size_small_the_database_has_the_first_size() -> None:
    [database] = first_version(environment(whole=True), RUN, database=True).microservice(RUN).spec.databases or []
    assert database.size == "large"


def test_the_environment_of_a_run_has_an_api_of_its_own_and_gives_no_consent() -> None:
    given = environment(whole=True)
    copied = sample_environment(given, RUN)
    assert copied.spec.aws
    assert copied.spec.aws.api_gateway
    assert (copied.name, copied.spec.aws.api_gateway.name) == ("conformance-0123abcd", "conformance-0123abcd")
    assert copied.spec.aws.api_gateway.deletion_policy == "Delete"
    assert copied.annotations == {}
    assert given.spec.aws
    assert given.spec.aws.api_gateway
    assert (given.spec.aws.api_gateway.name, given.spec.aws.api_gateway.deletion_policy) == ("prod", "Retain")


def test_the_plan_says_what_is_created_and_what_costs_money() -> None:
    shown = plan(environment(whole=True), database=True)
    for part in ("DynamoDB table", "SQS queues", "Pod Identity association", "HTTP API", "RDS instance"):
        assert part in shown
    assert "db.m7g.large" in shown
    assert "account 123456789012, region eu-west-1" in shown
    bare = plan(environment(whole=False), database=False)
    assert "add --with-database to include RDS" in bare
    assert not any(part in bare for part in ("IAM role", "HTTP API", "RDS instance"))
