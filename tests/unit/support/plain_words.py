"""The words that CONTRIBUTING.md ("Language") refuses in texts for users and contributors."""

import re

UNPLAIN = re.compile(
    r"\b(?:admits?|admitted|anew|as asked|at hand|at work|beside|by (?:itself|themselves)|does so|former"
    r"|goes (?:after|with)|hand over|is none|is to be|(?:is|are) asked for|(?:is|are) not there|(?:is|are) told"
    r"|leads? to|let(?:s|ting)? (?:go|in)|mend(?:s|ed|ing)?|no valid|nobody else|not there any ?more"
    r"|of (?:its|their) own|of that place|stands?|thereof|whom|whose a)\b"
    r"|\b(?:is|are) no (?:value|valid)\b|\ba pass over\b",
    re.IGNORECASE,
)
