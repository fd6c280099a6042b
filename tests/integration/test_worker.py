"""A service that loses its ports becomes a worker, and a worker that gets ports becomes a service again."""

from .api import until
from .namespace import Namespace


def test_a_service_becomes_a_worker_and_a_service_again(namespace: Namespace) -> None:
    namespace.create("mailer", access={"from": [{"microservice": "web"}]})
    namespace.until_ready("mailer")
    assert namespace.read("mailer")["status"]["endpoints"] == {"internal": f"http://mailer.{namespace.name}.svc"}
    assert namespace.there("NetworkPolicy", "mailer")["spec"]["ingress"]

    namespace.change("mailer", ports=[], access=None)
    until(lambda: namespace.child("Service", "mailer") is None, "the Service of the worker is not deleted")
    namespace.until_ready("mailer")
    worker = namespace.read("mailer")
    assert worker["spec"]["ports"] == []
    assert "endpoints" not in worker["status"]
    assert "Service" not in {resource["kind"] for resource in worker["status"]["resources"]}
    assert not namespace.there("NetworkPolicy", "mailer")["spec"].get("ingress")
    (container,) = namespace.there("Deployment", "mailer")["spec"]["template"]["spec"]["containers"]
    assert not {"ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"} & container.keys()

    namespace.create("caller", dependencies=[{"name": "mailer"}])
    namespace.until("caller", "DependenciesReady", "False", "DependencyWithoutPort")

    namespace.change("mailer", ports=None, access={"from": [{"microservice": "caller"}]})
    namespace.until_ready("mailer", "caller")
    assert [port["name"] for port in namespace.there("Service", "mailer")["spec"]["ports"]] == ["http"]
