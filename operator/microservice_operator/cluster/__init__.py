"""The one door to the API server.

connection  HTTP with the client library's credentials
kinds       which kinds, and where they are served
watch       list and watch one kind for ever
children    a small record of each of our children
pods        which container of whose pods fails, and why
drift       PURE: is an observed object still what is desired?
writes      create, apply, prune
"""
