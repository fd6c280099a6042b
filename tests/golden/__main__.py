"""`python -m tests.golden`: write the children of every case anew; `git diff` then shows what has changed.

With PYTHONPATH=operator where the package is not installed.
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
