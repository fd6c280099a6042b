"""`python -m tests.golden`: writes the children of every case again; `git diff` then shows the changes.

With PYTHONPATH=operator if the package is not installed.
"""

from microservice_operator.desired import children

from .cases import cases
from .text import text

for case in cases():
    wanted = text(children(case.context))
    before = case.children_file.read_text("utf-8") if case.children_file.exists() else ""
    if wanted != before:
        case.children_file.write_text(wanted, "utf-8")
        print(f"{case.name}: {'changed' if before else 'new'}")
