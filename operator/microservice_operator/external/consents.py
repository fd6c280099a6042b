"""PURE: consents in the annotations of an Environment: words separated by commas, blanks or line breaks."""

import re

from .. import names
from ..api.parsing import Environment


def consents(environment: Environment | None, annotation: str = names.ANNOTATION_ADOPT) -> frozenset[str]:
    """Every consent that an annotation gives."""
    value = environment.annotations.get(annotation, "") if environment else ""
    return frozenset(re.split(r"[,\s]+", value)) - {""}
