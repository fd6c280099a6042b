"""The error for people: what is wrong, where, and what to do."""


class ClusterError(Exception):
    """A cluster cannot be brought up, used or taken down; the message is for a person."""
