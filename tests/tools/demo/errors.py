"""What ends the demo: a sentence for a person, never a traceback."""


class DemoError(Exception):
    """Says what went wrong, where, and what to do."""
