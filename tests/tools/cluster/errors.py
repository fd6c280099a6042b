"""The one error that a person is meant to read: what is wrong, where, and what to do about it."""


class ClusterError(Exception):
    """A cluster cannot be brought up, used or taken down; the message is for a person."""
