"""Patterns of strings, and the words for them in messages."""

WORDS: dict[str, str] = {}


def pattern(regex: str, words: str) -> str:
    """Return `regex`; a message about a value that does not match it says "use {words}".

    Raises ValueError if the same pattern has other words elsewhere: a message could not tell them apart.
    """
    if WORDS.setdefault(regex, words) != words:
        raise ValueError(f"pattern {regex} is both {WORDS[regex]!r} and {words!r}; use the same words")
    return regex
