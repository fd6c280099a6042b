"""Allowed callers and targets."""

from typing import Any

import pytest

from microservice_operator.desired.context import Table
from microservice_operator.desired.network_peers import cidr_peer, host_peers, namespace_peer, outside
from tests.unit.desired.builders import CONNECTION, DATABASE, MIGRATING, TABLE, body, context, job_name, kinds, one

ELSEWHERE = [
    {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}},
    {"ipBlock": {"cidr": "::/0", "except": ["fd00:ec2::254/128"]}},
]
DNS = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
HTTP = [{"port": 8080, "protocol": "TCP"}]
SHARED = {"host": "pg.data.svc", "port": 6432, "adminSecretRef": {"namespace": "data", "name": "admin"}}
ENVIRONMENT = {"databases": {"provider": "shared", "shared": SHARED}}


def pods_of(name: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name}}}


@pytest.mark.parametrize(
    ("host", "namespace"),
    [
        ("postgres.data.svc", "data"),
        ("postgres.data.svc.cluster.local", "data"),
        ("postgres-0.postgres.data.svc", "data"),
        ("postgres.data", None),
        ("db.example.com", None),
        ("data.svc", None),
        ("svc", None),
        ("10.0.0.1", None),
        ("postgres.data.svc.example.com", None),
    ],
)
def test_hosts(host: str, namespace: str | None) -> None:
    assert host_peers(host) == ([namespace_peer(namespace)] if namespace else ELSEWHERE)
    assert outside() == ELSEWHERE


@pytest.mark.parametrize(
    ("cidr", "expected"),
    [
        ("10.20.0.0/16", {"cidr": "10.20.0.0/16"}),
        ("10.20.1.1/16", {"cidr": "10.20.0.0/16"}),
        ("169.254.0.0/16", {"cidr": "169.254.0.0/16", "except": ["169.254.169.254/32"]}),
        ("fd00::/8", {"cidr": "fd00::/8", "except": ["fd00:ec2::254/128"]}),
        ("999.1.1.1/8", {"cidr": "999.1.1.1/8"}),
    ],
)
def test_ranges(cidr: str, expected: dict[str, Any]) -> None:
    assert cidr_peer(cidr) == {"ipBlock": expected}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, []),
        ({"access": {"from": []}}, []),
        ({"access": {"from": [{"microservice": "web"}]}}, [{"from": [pods_of("web")], "ports": HTTP}]),
        ({"access": {"from": [{"namespace": "edge"}]}}, [{"from": [namespace_peer("edge")], "ports": HTTP}]),
        ({"service": {"type": "NodePort"}, "access": {"from": [{"microservice": "web"}]}}, [{"ports": HTTP}]),
        ({"service": {"type": "LoadBalancer"}, "metrics": {}}, [{"ports": HTTP}]),
    ],
)
def test_ingress(spec: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    policy = body(context(spec), "NetworkPolicy")["spec"]
    assert policy["ingress"] == expected
    assert policy["policyTypes"] == ["Ingress", "Egress"]


PROMETHEUS = {"app.kubernetes.io/name": "prometheus"}
SCRAPED = {"ports": [{"name": "http"}, {"name": "metrics", "containerPort": 9464, "servicePort": 9464}]}


@pytest.mark.parametrize(
    ("scraper", "spec", "expected"),
    [
        (None, {"metrics": {}}, []),
        ({"namespace": "monitoring"}, {}, []),
        ({"namespace": "monitoring"}, {"metrics": {}}, [{"from": [namespace_peer("monitoring")], "ports": HTTP}]),
        (
            {"namespace": "monitoring", "podLabels": PROMETHEUS},
            {"metrics": {"port": "metrics"}, **SCRAPED},
            [
                {
                    "from": [{**namespace_peer("monitoring"), "podSelector": {"matchLabels": PROMETHEUS}}],
                    "ports": [{"port": 9464, "protocol": "TCP"}],
                }
            ],
        ),
    ],
)
def test_only_the_scraper_of_the_environment_reads_metrics(
    scraper: dict[str, Any] | None, spec: dict[str, Any], expected: list[dict[str, Any]]
) -> None:
    of = context(spec, {"metrics": {"scraper": scraper}} if scraper else {})
    assert body(of, "NetworkPolicy")["spec"]["ingress"] == expected
    without = context({"metrics": {}})
    assert body(without, "NetworkPolicy")["spec"]["ingress"] == []


@pytest.mark.parametrize(
    ("spec", "environment", "field"),
    [
        ({}, {}, ""),
        ({"metrics": {}}, None, "spec.metrics"),
        ({"metrics": {}}, {}, "spec.metrics"),
        ({"metrics": {}}, {"metrics": {"scraper": {"namespace": "monitoring"}}}, ""),
        ({"metrics": {}, "service": {"type": "NodePort"}}, {}, ""),
        ({"access": {"from": []}}, {}, ""),
        ({"access": {"from": []}, "service": {"type": "LoadBalancer"}}, {}, "spec.access.from"),
        ({"access": {"to": []}, "service": {"type": "LoadBalancer"}}, {}, ""),
    ],
)
def test_a_declaration_without_effect_is_reported(
    spec: dict[str, Any], environment: dict[str, Any] | None, field: str
) -> None:
    notice = one(context(spec, environment), "NetworkPolicy").notice
    assert (notice.field if notice else "") == field


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, []),
        ({"dependencies": [{"name": "user"}, {"name": "web"}]}, [{"to": [pods_of("user"), pods_of("web")]}]),
        (
            {"databases": [DATABASE]},
            [{"to": [namespace_peer("data")], "ports": [{"port": 6432, "protocol": "TCP"}]}],
        ),
        (
            {"tables": [TABLE]},
            [
                {"to": ELSEWHERE, "ports": [{"port": 443, "protocol": "TCP"}]},
                {
                    "to": [{"ipBlock": {"cidr": "169.254.170.23/32"}}, {"ipBlock": {"cidr": "fd00:ec2::23/128"}}],
                    "ports": [{"port": 80, "protocol": "TCP"}],
                },
            ],
        ),
        (
            {"access": {"to": [{"cidr": "10.0.0.0/8", "ports": [1, 2]}]}},
            [
                {
                    "to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}],
                    "ports": [{"port": 1, "protocol": "TCP"}, {"port": 2, "protocol": "TCP"}],
                }
            ],
        ),
        (
            {"access": {"to": [{"host": "api.stripe.com", "ports": [443]}]}},
            [{"to": ELSEWHERE, "ports": [{"port": 443, "protocol": "TCP"}]}],
        ),
    ],
)
def test_egress(spec: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    assert body(context(spec, ENVIRONMENT), "NetworkPolicy")["spec"]["egress"] == [DNS, *expected]


@pytest.mark.parametrize(
    ("url", "peer", "port"),
    [
        ("http://moto.aws.svc:5000", [namespace_peer("aws")], 5000),
        ("http://moto.aws.svc", [namespace_peer("aws")], 80),
        ("https://emulator.example.com/path", ELSEWHERE, 443),
    ],
)
def test_the_emulator_in_place_of_aws(url: str, peer: list[dict[str, Any]], port: int) -> None:
    of = context({"tables": [TABLE]}, tables={"products": Table("t", ready=True)}, aws_endpoint_url=url)
    egress = body(of, "NetworkPolicy")["spec"]["egress"]
    assert egress == [DNS, {"to": peer, "ports": [{"port": port, "protocol": "TCP"}]}]


LISTENER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shop/50dc/f2f7"


def issuing(issuer: str, **auth: Any) -> dict[str, Any]:
    """An Environment whose routes need tokens of an issuer."""
    default = {"jwt": {"issuer": issuer, "audiences": ["shop"]}, **auth}
    gateway = {"name": "shop", "vpcLinkID": "abc", "listenerARN": LISTENER, "auth": default}
    return {"aws": {"region": "us-east-1", "accountID": "123456789012", "apiGateway": gateway}}


@pytest.mark.parametrize(
    ("issuer", "peers", "numbers"),
    [
        ("https://login.example", ELSEWHERE, [443]),
        ("https://login.example:8443/realms/shop", ELSEWHERE, [443, 8443]),
        ("https://gateway.shop.svc", [namespace_peer("shop")], [443]),
    ],
)
def test_a_service_reaches_the_issuer_of_its_callers_tokens(issuer: str, peers: Any, numbers: list[int]) -> None:
    spec = {"api": {"openAPI": {"configMapKeyRef": {"name": "openapi"}}}}
    egress = body(context(spec, issuing(issuer)), "NetworkPolicy")["spec"]["egress"]
    assert egress == [DNS, {"to": peers, "ports": [{"port": number, "protocol": "TCP"} for number in numbers]}]
    own = {"api": {**spec["api"], "auth": {"none": True}}}
    for without in ({}, own):
        assert body(context(without, issuing(issuer)), "NetworkPolicy")["spec"]["egress"] == [DNS]


def test_a_service_that_calls_aws_needs_no_second_rule_for_the_issuer() -> None:
    spec = {"api": {"openAPI": {"configMapKeyRef": {"name": "openapi"}}}, "tables": [TABLE]}
    of = context(spec, issuing("https://login.example"), tables={"products": Table("t", ready=True)})
    rules = body(of, "NetworkPolicy")["spec"]["egress"]
    assert [rule for rule in rules if rule.get("to") == ELSEWHERE] == [
        {"to": ELSEWHERE, "ports": [{"port": 443, "protocol": "TCP"}]}
    ]


def test_the_database_stays_reachable_while_its_connection_is_unknown() -> None:
    with_connection = context({"databases": [DATABASE]}, ENVIRONMENT, connections={"orders": CONNECTION})
    unknown = context({"databases": [DATABASE]}, ENVIRONMENT)
    assert body(with_connection, "NetworkPolicy") == body(unknown, "NetworkPolicy")


def test_migrations_reach_the_database_and_nobody_reaches_them() -> None:
    of = context({"databases": [MIGRATING]}, ENVIRONMENT, connections={"orders": CONNECTION})
    policy = body(of, "NetworkPolicy", "order.migration")["spec"]
    labels = body(of, "Job", job_name(of))["spec"]["template"]["metadata"]["labels"]
    assert labels.items() >= policy["podSelector"]["matchLabels"].items()
    assert policy["ingress"] == []
    assert policy["egress"] == [
        DNS,
        {"to": [namespace_peer("data")], "ports": [{"port": 6432, "protocol": "TCP"}]},
    ]
    assert not labels.items() & pods_of("order")["podSelector"]["matchLabels"].items()


def test_without_a_migration_there_is_one_policy() -> None:
    assert kinds(context({"databases": [DATABASE]}, ENVIRONMENT)).count("NetworkPolicy") == 1


@pytest.mark.parametrize(
    ("api", "cidrs", "expected"),
    [
        (True, ["10.1.0.0/16"], [{"ipBlock": {"cidr": "10.1.0.0/16"}}]),
        (True, None, None),
        (False, ["10.1.0.0/16"], None),
    ],
)
def test_the_load_balancer_may_call_what_has_routes(api: bool, cidrs: list[str] | None, expected: Any) -> None:
    gateway = {"name": "shop", "vpcLinkID": "abc", "listenerARN": LISTENER, "sourceCIDRs": cidrs}
    aws = {"region": "us-east-1", "accountID": "123456789012", "apiGateway": gateway}
    spec = {"api": {"openAPI": {"configMapKeyRef": {"name": "openapi"}}}} if api else {}
    policy = body(context(spec, {"aws": aws}), "NetworkPolicy")["spec"]
    assert [rule["from"] for rule in policy.get("ingress", [])] == ([expected] if expected else [])


def test_a_worker_without_ports_allows_no_ingress_although_others_read_its_topic() -> None:
    access = {"from": [{"microservice": "web"}]}
    worker = context({"ports": [], "access": access, "topics": [{"name": "mails"}]})
    assert body(worker, "NetworkPolicy")["spec"]["ingress"] == []
    assert "Service" not in kinds(worker)
