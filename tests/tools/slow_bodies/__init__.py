"""Holds slow request bodies open against the gateway, and measures what other clients get meanwhile."""
