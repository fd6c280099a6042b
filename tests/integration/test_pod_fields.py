"""The fields of the pod in the API server: the operator writes them once, and finds no drift in what is stored."""

from typing import Any

import yaml

from tests.conftest import REPOSITORY

from .namespace import Namespace

EXAMPLE = REPOSITORY / "examples" / "pod-fields.yaml"


def test_the_fields_of_the_pod_are_stored_and_written_once(namespace: Namespace) -> None:
    spec: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))["spec"]
    namespace.create("quotes", **{key: value for key, value in spec.items() if key != "image"})
    stalled = namespace.until_stalled("quotes", "Rejected")
    assert 'RuntimeClass "gvisor" not found' in stalled["message"]
    first = namespace.there("Deployment", "quotes")
    template = first["spec"]["template"]
    assert template["metadata"]["labels"].items() >= spec["podLabels"].items()
    assert template["metadata"]["labels"]["app.kubernetes.io/name"] == "quotes"
    assert template["metadata"]["annotations"].items() >= spec["podAnnotations"].items()
    for field in ("runtimeClassName", "dnsConfig", "hostAliases"):
        assert template["spec"][field] == spec[field]
    for field in ("minReadySeconds", "progressDeadlineSeconds"):
        assert first["spec"][field] == spec[field]
    (container,) = template["spec"]["containers"]
    assert container["workingDir"] == spec["workingDir"]
    namespace.ask("quotes")
    assert namespace.there("Deployment", "quotes")["metadata"]["generation"] == first["metadata"]["generation"]

    namespace.change("quotes", runtimeClassName=None, podLabels=None, minReadySeconds=None)
    namespace.until_ready("quotes")
    less = namespace.there("Deployment", "quotes")["spec"]
    assert "runtimeClassName" not in less["template"]["spec"]
    assert "sidecar.istio.io/inject" not in less["template"]["metadata"]["labels"]
    assert not less.get("minReadySeconds")
