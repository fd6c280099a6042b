"""Resources and their exact children, as readable YAML.

    <case>/resource.yaml    a Microservice, and its Environment if it has one
    <case>/context.yaml     what a reconciliation has observed: connections, tables, a migration's end (absent: nothing)
    <case>/children.yaml    the children, in order; written by `python -m tests.golden`, reviewed by people

A new folder with a resource.yaml is a new case; every test that uses `cases()` includes it.
"""
