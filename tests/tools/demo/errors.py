"""The error that ends the demo: a sentence for a person, without a traceback."""


class DemoError(Exception):
    """Says what went wrong, where, and what to do."""
