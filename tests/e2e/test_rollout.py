"""A new image of the user service, under load: the migration, then a rollout without a failed request."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import psycopg
import pytest

from tests.tools.demo.kubectl import Object
from tests.tools.demo.shop import bearer

from .place import Place
from .second_image import second_image
from .stage import SHOP, Stage, shop_service
from .stores import admin, connected, secret
from .traffic import Traffic

PODS = "--selector=app.kubernetes.io/name=user"
JOBS = "--selector=microservice-operator.dev/microservice=user"


@dataclass(frozen=True)
class Rolled:
    """What there was during and after the change."""

    image: str
    traffic: Traffic
    before: list[Object]
    pods: list[Object]
    job: Object


@pytest.fixture(scope="module")
def rolled(stage: Stage, shop: Place) -> Iterator[Rolled]:
    """The user service with its second image; the first one comes back at the end."""
    second = second_image(stage.images["user"], stage.folder)
    stage.cluster.load_images([second.archive])
    wanted = shop_service(stage, "user")
    shop.await_ready("user")
    name = uuid.uuid4().hex[:8]
    token, person = bearer(stage.urls["gateway"], name), {"name": "Joan", "email": f"{name}@example.com"}
    made = httpx2.post(f"{stage.urls['user']}/users", json=person, headers=token, timeout=30).json()
    before = shop.listed("pods", PODS)
    with Traffic(f"{stage.urls['user']}/users/{made['userId']}", token) as traffic:
        shop.kubectl.apply([{**wanted, "spec": {**wanted["spec"], "image": second.ref}}])
        shop.await_ready("user")
        shop.eventually("all pods run the new image", lambda: _images(shop.listed("pods", PODS)) == {second.ref})
    job = next(
        item
        for item in shop.listed("jobs", JOBS)
        if item["spec"]["template"]["spec"]["containers"][0]["image"] == second.ref
    )
    yield Rolled(second.ref, traffic, before, shop.listed("pods", PODS), job)
    shop.kubectl.apply([wanted])
    shop.await_ready("user", "order")


def test_no_request_failed_while_the_pods_changed(rolled: Rolled) -> None:
    assert rolled.traffic.failures == []
    assert not rolled.traffic.spent, "the customers had gone before the rollout was over: it proves nothing"
    assert rolled.traffic.answered > 20


def test_the_new_pods_run_the_new_image(rolled: Rolled) -> None:
    old = {pod["status"]["containerStatuses"][0]["imageID"] for pod in rolled.before}
    new = {pod["status"]["containerStatuses"][0]["imageID"] for pod in rolled.pods}
    assert _images(rolled.pods) == {rolled.image}
    assert len(rolled.pods) == 2
    assert len(new) == 1
    assert old.isdisjoint(new)


def test_the_migration_was_done_before_a_pod_of_the_new_image_was_made(rolled: Rolled) -> None:
    conditions = {one["type"]: one["status"] for one in rolled.job["status"]["conditions"]}
    assert conditions.get("Complete") == "True"
    made = [pod["metadata"]["creationTimestamp"] for pod in rolled.pods]
    assert all(time >= rolled.job["status"]["completionTime"] for time in made)


def test_the_migration_ran_as_the_schemas_owner(stage: Stage, shop: Place, rolled: Rolled) -> None:
    (container,) = rolled.job["spec"]["template"]["spec"]["containers"]
    url = next(entry for entry in container["env"] if entry["name"] == "DATABASE_URL")
    assert url["valueFrom"]["secretKeyRef"]["name"] == "user-users-database-owner"
    owner = secret(shop.kubectl, SHOP, "user-users-database-owner")
    runtime = secret(shop.kubectl, SHOP, "user-users-database")
    assert owner["username"] != runtime["username"]
    with admin(stage, owner["database"]) as connection:
        owners = connection.execute(
            "SELECT tablename, tableowner FROM pg_tables WHERE tablename IN ('users', 'alembic_version')"
        ).fetchall()
    assert sorted(owners) == [("alembic_version", owner["username"]), ("users", owner["username"])]


@pytest.mark.parametrize(
    "statement",
    ["CREATE TABLE stolen (id int)", "CREATE SCHEMA stolen", "DROP TABLE users", "ALTER TABLE users ADD note text"],
)
def test_the_service_itself_cannot_change_the_schema(stage: Stage, shop: Place, statement: str) -> None:
    runtime = secret(shop.kubectl, SHOP, "user-users-database")
    with connected(stage, runtime) as connection:
        assert connection.execute("SELECT count(*) >= 0 FROM users").fetchone() == (True,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


def _images(pods: list[Object]) -> set[str]:
    return {pod["spec"]["containers"][0]["image"] for pod in pods}
