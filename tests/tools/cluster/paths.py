"""The folders of the cluster tool: a cache for what can be built again, a state folder for what runs."""

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]


def cache_folder() -> Path:
    """Binaries and images, shared by every checkout of this user."""
    return _folder("MICROSERVICE_OPERATOR_CACHE", "~/.cache/microservice-operator")


def state_folder() -> Path:
    """One folder for each running cluster, under `clusters/`."""
    return _folder("MICROSERVICE_OPERATOR_STATE", "~/.local/state/microservice-operator")


def _folder(variable: str, default: str) -> Path:
    folder = Path(os.environ.get(variable) or default).expanduser().absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
