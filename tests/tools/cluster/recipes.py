"""The images and their inputs: the name of an image identifies its content.

The tag is a hash of all inputs, so an unchanged image is never built, copied or loaded again.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from .errors import ClusterError
from .paths import REPOSITORY

PREFIX = "microservice-operator"
LEFT_OUT = {"__pycache__", ".pytest_cache", ".mypy_cache"}


@dataclass(frozen=True)
class Recipe:
    """One image: its Dockerfile, the files and folders that it copies, and its build arguments."""

    name: str
    dockerfile: str
    copies: tuple[str, ...]
    arguments: dict[str, str] = field(default_factory=dict)

    def reference(self, base: str) -> str:
        """The name of the image, with the hash of its content as the tag."""
        content = hashlib.sha256(repr((base, sorted(self.arguments.items()))).encode())
        for file in self._files():
            content.update(f"{file.relative_to(REPOSITORY)} {file.stat().st_mode:o}\n".encode())
            content.update(hashlib.sha256(file.read_bytes()).digest())
        return f"docker.io/{PREFIX}/{self.name}:dev-{content.hexdigest()[:12]}"

    def _files(self) -> list[Path]:
        files = [REPOSITORY / ".dockerignore", REPOSITORY / self.dockerfile]
        for copied in self.copies:
            path = REPOSITORY / copied
            if not path.exists():
                raise ClusterError(f"the image {self.name} cannot be built: {copied} is not there")
            files += sorted(path.rglob("*")) if path.is_dir() else [path]
        return [file for file in files if file.is_file() and LEFT_OUT.isdisjoint(file.parts)]


def _service(name: str) -> Recipe:
    copies = (
        "requirements/bootstrap.txt",
        "requirements/services.txt",
        "services/shared/shop_shared",
        f"services/{name}",
    )
    return Recipe(name, "services/Dockerfile", copies, {"SERVICE": name})


def _test_image(name: str, *copies: str) -> Recipe:
    folder = f"tests/tools/cluster/images/{name}"
    return Recipe(name, f"{folder}/Dockerfile", (folder, *copies))


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "operator",
            "Dockerfile",
            ("requirements", "pyproject.toml", "README.md", "operator/microservice_operator", "crds"),
        ),
        *(_service(name) for name in ("user", "product", "order", "gateway")),
        _test_image("aws", "requirements/bootstrap.txt", "requirements/emulator.txt", "tests/fakes/aws"),
        _test_image("postgres"),
    )
}
