"""The version that an image reference names."""

import pytest

from microservice_operator.desired.image import version, version_label

DIGEST = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


@pytest.mark.parametrize(
    ("image", "expected", "label"),
    [
        ("order:1.2.3", "1.2.3", "1.2.3"),
        ("order", "latest", "latest"),
        ("registry.example/shop/order", "latest", "latest"),
        ("localhost:5000/order", "latest", "latest"),
        ("localhost:5000/shop/order:v2", "v2", "v2"),
        (f"order@{DIGEST}", "2cf24dba5fb0", "2cf24dba5fb0"),
        (f"localhost:5000/order:v2@{DIGEST}", "v2", "v2"),
        ("order:_nightly-", "_nightly-", "nightly"),
        ("order:" + "a" * 128, "a" * 128, "a" * 63),
        ("order:" + "a" * 62 + "-b", "a" * 62 + "-b", "a" * 62),
        ("order:-", "-", "unknown"),
        ("order:a+b", "a+b", "a-b"),
    ],
)
def test_version(image: str, expected: str, label: str) -> None:
    assert version(image) == expected
    assert version_label(image) == label
