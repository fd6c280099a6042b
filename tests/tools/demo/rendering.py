"""Renders what the demo applies: kustomize's output, with a content hash as tag of each image instead of `dev`.

So a changed image rolls out, and an unchanged one does not.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from .kubectl import Object, run

REPOSITORY = Path(__file__).resolve().parents[3]
ASK = "microservice-operator.dev/reconcile-requested-at"
FIRST = ("Namespace", "CustomResourceDefinition")  # the API server refuses the rest without them


def rendered(folder: str, references: Iterable[str]) -> list[Object]:
    """The objects of one kustomization, with `references` in place of `NAME:dev`."""
    objects = yaml.safe_load_all(run("kustomize", str(REPOSITORY / folder)))
    named = {f"{reference.rpartition(':')[0]}:dev": reference for reference in references}
    return [_with_images(item, named) for item in objects]


def asking(objects: Iterable[Object], moment: str) -> list[Object]:
    """The same, with a new reconciliation requested for every Microservice, because its data may be lost by now."""
    return [
        {**item, "metadata": {**item["metadata"], "annotations": {ASK: moment}}}
        if item["kind"] == "Microservice"
        else item
        for item in objects
    ]


def first(objects: Iterable[Object]) -> list[Object]:
    """What has to be there before the rest."""
    return [item for item in objects if item["kind"] in FIRST]


def rest(objects: Iterable[Object]) -> list[Object]:
    """Everything else."""
    return [item for item in objects if item["kind"] not in FIRST]


def _with_images(value: Any, named: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: named.get(item, item) if key == "image" and isinstance(item, str) else _with_images(item, named)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_with_images(item, named) for item in value]
    return value
