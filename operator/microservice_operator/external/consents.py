"""PURE: what whoever runs an Environment allows, in its annotations: words apart by commas, blanks or lines."""

import re

from .. import names
from ..api.parsing import Environment


def consents(environment: Environment | None, annotation: str = names.ANNOTATION_ADOPT) -> frozenset[str]:
    """Everything that an annotation allows."""
    said = environment.annotations.get(annotation, "") if environment else ""
    return frozenset(re.split(r"[,\s]+", said)) - {""}
