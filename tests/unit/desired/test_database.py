"""The connection Secrets and the migration Job."""

from base64 import b64decode
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microservice_operator import names
from microservice_operator.database_connection import Rotated
from microservice_operator.desired.context import Connection, Context, Login
from tests.unit.desired.builders import CONNECTION, IMAGE, MIGRATING, body, container, context, job_name, pod

SECRET, OWNER = "order-orders-database", "order-orders-database-owner"
WITH_CA = replace(CONNECTION, certificates="PEM")
KEYS = {"type", "provider", "host", "port", "database", "username", "password", "uri", "url"}


def of(connection: Connection = CONNECTION, **spec: Any) -> Context:
    return context({"databases": [MIGRATING], **spec}, connections={"orders": connection})


def content(found: Context, name: str = SECRET) -> dict[str, str]:
    return {key: b64decode(value).decode() for key, value in body(found, "Secret", name)["data"].items()}


def rolled(found: Context) -> str:
    annotations = body(found, "Deployment")["spec"]["template"]["metadata"]["annotations"]
    return str(annotations[names.ANNOTATION_CONNECTION_HASH])


def test_service_binding() -> None:
    secret = body(of(), "Secret", SECRET)
    assert secret["type"] == "servicebinding.io/postgresql"
    assert secret["data"].keys() == KEYS
    assert content(of())["type"] == "postgresql"
    assert content(of(WITH_CA)).keys() == KEYS | {"certificates"}


def test_each_login_has_its_secret() -> None:
    assert (content(of())["username"], content(of(), OWNER)["username"]) == ("run", "own")
    assert "own" not in {content(of())["username"], content(of())["password"]}


@pytest.mark.parametrize(
    ("connection", "query"),
    [
        (CONNECTION, "sslmode=verify-full"),
        (replace(CONNECTION, ssl_mode="require"), "sslmode=require"),
        (WITH_CA, "sslmode=verify-full&sslrootcert=/etc/microservice/databases/orders/ca.crt"),
    ],
)
def test_url(connection: Connection, query: str) -> None:
    secret = content(of(connection))
    assert secret["url"] == secret["uri"] == f"postgresql://run:r@db.data.svc:5432/orders?{query}"


@settings(deadline=None)  # a shared machine is slow at times
@given(password=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_any_password_survives_the_url(password: str) -> None:
    url = urlsplit(content(of(replace(CONNECTION, runtime=Login("run", password))))["url"])
    assert unquote(url.password or "") == password
    assert (url.hostname, url.port, url.path) == ("db.data.svc", 5432, "/orders")


def test_certificates_are_mounted_where_the_url_points() -> None:
    found = of(WITH_CA)
    mounts = {mount["name"]: mount["mountPath"] for mount in container(found)["volumeMounts"]}
    (volume,) = (v for v in pod(found)["volumes"] if v.get("secret", {}).get("secretName") == SECRET)
    (item,) = volume["secret"]["items"]
    assert f"sslrootcert={mounts[volume['name']]}/{item['path']}" in content(found)["url"]
    assert item["key"] == "certificates"
    job = body(found, "Job", job_name(found))["spec"]["template"]["spec"]
    assert {v["secret"]["secretName"] for v in job["volumes"] if "secret" in v} == {OWNER}


@pytest.mark.parametrize(
    ("connection", "rolls"),
    [
        (replace(CONNECTION, runtime=Login("run", "other")), True),
        (replace(CONNECTION, host="elsewhere"), True),
        (replace(CONNECTION, certificates="PEM"), True),
        (replace(CONNECTION, owner=Login("own", "other")), False),
    ],
)
def test_a_changed_secret_rolls_the_pods(connection: Connection, rolls: bool) -> None:
    assert (rolled(of(connection)) != rolled(of())) == rolls


def test_passwords_are_in_secrets_only() -> None:
    connection = replace(CONNECTION, runtime=Login("run", "canary-1"), owner=Login("own", "canary-2"))
    found = of(connection)
    others = [body(found, "Deployment"), body(found, "Job", job_name(found)), body(found, "NetworkPolicy")]
    assert "canary" not in str(others)
    assert "canary" not in repr(found)


@pytest.mark.parametrize(
    ("spec", "same"),
    [
        ({}, True),
        ({"replicas": 7, "env": [{"name": "A"}], "tags": {"a": "b"}, "command": ["serve"]}, True),
        ({"image": IMAGE + "4"}, False),
        ({"databases": [{**MIGRATING, "migration": {"command": ["alembic", "upgrade", "+1"]}}]}, False),
        ({"databases": [{**MIGRATING, "migration": {**MIGRATING["migration"], "args": ["-v"]}}]}, False),
        ({"databases": [{**MIGRATING, "migration": {"command": ["alembic upgrade head"]}}]}, False),
        ({"databases": [{**MIGRATING, "migration": {**MIGRATING["migration"], "timeout": "1h"}}]}, True),
    ],
)
def test_what_makes_a_migration_another_one(spec: dict[str, Any], same: bool) -> None:
    assert (job_name(of(**spec)) == job_name(of())) == same


@pytest.mark.parametrize(
    ("timeout", "seconds"), [("10m", 600), ("1h30m", 5400), ("45s", 45), ("1h1m1s", 3661), ("90m", 5400)]
)
def test_timeout(timeout: str, seconds: int) -> None:
    found = of(databases=[{**MIGRATING, "migration": {"command": ["x"], "timeout": timeout}}])
    assert body(found, "Job", job_name(found))["spec"]["activeDeadlineSeconds"] == seconds


def test_the_job_runs_once_as_owner() -> None:
    found = of(env=[{"name": "LOG_LEVEL", "value": "DEBUG"}], dependencies=[{"name": "user"}])
    spec = body(found, "Job", job_name(found))["spec"]
    runs = spec["template"]["spec"]
    (migration,) = runs["containers"]
    env = {variable["name"]: variable for variable in migration["env"]}
    secrets = {v["valueFrom"]["secretKeyRef"]["name"] for v in env.values() if "valueFrom" in v}
    assert secrets == {OWNER}
    assert env["LOG_LEVEL"]["value"] == "DEBUG"
    assert "USER_URL" not in env
    assert (migration["image"], migration["command"]) == (IMAGE, ["alembic", "upgrade", "head"])
    assert (spec["backoffLimit"], runs["restartPolicy"]) == (3, "Never")
    assert "ttlSecondsAfterFinished" not in spec


def test_a_rotation_is_recorded_with_its_password_and_rolls_the_pods() -> None:
    rotated = Rotated("2026-01-01T00:00:00Z", "one")
    after = replace(CONNECTION, runtime=Login("run2", "s", rotated), owner=Login("own", "p", rotated))
    for name in (SECRET, OWNER):
        before = body(of(), "Secret", name)["metadata"]["annotations"]
        annotations = body(of(after), "Secret", name)["metadata"]["annotations"]
        assert annotations.keys() - before.keys() == {names.ANNOTATION_ROTATED_AT, names.ANNOTATION_ROTATION_REQUEST}
        assert (annotations[names.ANNOTATION_ROTATED_AT], annotations[names.ANNOTATION_ROTATION_REQUEST]) == (
            rotated.at,
            rotated.request,
        )
    pods = body(of(after), "Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert pods[names.rotated_at("orders")] == rotated.at
    assert rolled(of(after)) != rolled(of())


def test_a_password_that_was_never_rotated_leaves_no_trace() -> None:
    """The pods of services that rotate nothing must not roll when the operator is upgraded."""
    asked = replace(CONNECTION, runtime=Login("run", "r", Rotated("", "one")))
    pods = body(of(asked), "Deployment")["spec"]["template"]
    assert pods == body(of(), "Deployment")["spec"]["template"]
    assert names.ANNOTATION_ROTATED_AT not in body(of(), "Secret", SECRET)["metadata"]["annotations"]


def test_a_migration_has_the_fields_of_the_pod_but_not_what_injects_sidecars() -> None:
    fields: dict[str, Any] = {
        "workingDir": "/srv",
        "runtimeClassName": "gvisor",
        "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a.example.com"]}],
        "dnsConfig": {"searches": ["shop.internal"]},
    }
    injected = {"podLabels": {"sidecar.istio.io/inject": "true"}, "podAnnotations": {"example.com/agent": "true"}}
    of = context({"databases": [MIGRATING], **fields, **injected}, connections={"orders": CONNECTION})
    template = body(of, "Job", job_name(of))["spec"]["template"]
    (container,) = template["spec"]["containers"]
    assert {**template["spec"], **container}.items() >= fields.items()
    assert "sidecar.istio.io/inject" not in template["metadata"]["labels"]
    assert "annotations" not in template["metadata"]
