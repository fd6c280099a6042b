"""WHAT: the two resources as models, their rules, and the CRDs generated from them."""
