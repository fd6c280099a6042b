"""Resources and exactly what becomes of them, as YAML that a reader can follow.

    <case>/resource.yaml    a Microservice, and its Environment if it has one
    <case>/context.yaml     what a pass would have found out: connections, tables, a migration's end (absent: nothing)
    <case>/children.yaml    the children, in order; written by `python -m tests.golden`, read and judged by people

A new folder with a resource.yaml is a new case; every test that walks `cases()` takes it in by itself.
"""
