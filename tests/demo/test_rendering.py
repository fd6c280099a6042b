"""The demo applies kustomize's output with content hashes as image tags."""

from tests.tools.demo.applying import FOLDERS
from tests.tools.demo.rendering import ASK, asking, first, rendered, rest

REFERENCES = [
    f"microservice-operator/{name}:dev-0123456789ab"
    for name in ("operator", "aws", "postgres", "user", "product", "order", "gateway")
]


def test_every_image_of_ours_is_named_by_its_content() -> None:
    objects = [item for folder in FOLDERS for item in rendered(folder, REFERENCES)]
    workloads = [item for item in objects if item["kind"] in ("Deployment", "StatefulSet")]
    images = [c["image"] for item in workloads for c in item["spec"]["template"]["spec"]["containers"]]
    images += [item["spec"]["image"] for item in objects if item["kind"] == "Microservice"]
    assert sorted(images) == sorted(REFERENCES)


def test_what_others_need_comes_first() -> None:
    objects = rendered("manifests/local", REFERENCES)
    assert {item["kind"] for item in first(objects)} == {"Namespace", "CustomResourceDefinition"}
    assert len(first(objects)) + len(rest(objects)) == len(objects)


def test_the_emulator_is_allowed_only_on_a_laptop() -> None:
    arguments = {
        folder: next(
            item
            for item in rendered(folder, [])
            if item["metadata"]["name"] == "microservice-operator" and item["kind"] == "Deployment"
        )["spec"]["template"]["spec"]["containers"][0]["args"]
        for folder in ("manifests/base", "manifests/local")
    }
    assert "--insecure-emulator" in arguments["manifests/local"]
    assert not any("emulator" in word or "endpoint" in word for word in arguments["manifests/base"])


def test_only_microservices_are_asked_to_look_anew() -> None:
    objects = asking(rendered("manifests/shop", REFERENCES), "now")
    asked = {item["kind"] for item in objects if ASK in item["metadata"].get("annotations", {})}
    assert asked == {"Microservice"}
