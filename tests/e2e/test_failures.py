"""An error in the spec: the condition names container and cause, old pods keep running, a fixed spec recovers."""

from .place import Place
from .stage import Stage
from .tiny import tiny


def test_an_image_that_is_not_there(stage: Stage, place: Place) -> None:
    good, absent = tiny(stage), "microservice-operator/product:absent"
    place.declare("web", good)
    place.await_ready("web")
    (old,) = _pods(place, "web")

    place.declare("web", {**good, "image": absent})
    condition = place.await_reason("web", "ImageUnavailable")
    assert "container web " in condition["message"]
    assert absent in condition["message"]
    assert old in _pods(place, "web"), "the old pod is kept"
    assert [place.ask("web") for _ in range(5)] == ["yes"] * 5, "and serves"
    described = place.kubectl("describe", "msvc", "web", place.where)
    assert "ImageUnavailable" in described[described.index("Events:") :]

    place.declare("web", good)
    place.await_ready("web")
    place.eventually("the old pod runs alone and was not replaced", lambda: _pods(place, "web") == {old})
    assert place.ask("web") == "yes"


def test_a_container_that_ends_at_once(stage: Stage, place: Place) -> None:
    good = tiny(stage)
    place.declare("crash", {**good, "command": ["python3", "-c", "raise SystemExit(3)"]})
    condition = place.await_reason("crash", "ContainerFailing")
    assert "container crash exits with code 3" in condition["message"]
    place.declare("crash", good)
    place.await_ready("crash")


def test_a_variable_from_a_secret_that_is_not_there(stage: Stage, place: Place) -> None:
    reference = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "absent-token", "key": "token"}}}
    place.declare("lacking", tiny(stage, env=[reference]))
    condition = place.await_reason("lacking", "ContainerFailing")
    assert "container lacking " in condition["message"]
    assert '"absent-token"' in condition["message"]
    place.kubectl("create", "secret", "generic", "absent-token", place.where, "--from-literal=token=t")
    place.await_ready("lacking")


def _pods(place: Place, name: str) -> set[str]:
    pods = place.listed("pods", f"--selector=app.kubernetes.io/name={name}")
    return {pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"]}
