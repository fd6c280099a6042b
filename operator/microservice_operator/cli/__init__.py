"""The command line: one file for each command, imported only when it is the one that was asked for.

That keeps `--help` and `validate` quick, which editors and hooks run at each change: kopf, boto3 and the clients of
Kubernetes and PostgreSQL cost seconds to import, and those two never use them.
"""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import typer

COMMANDS = {
    "run": "Run the operator.",
    "render": "Show the Kubernetes objects that a resource would become, offline.",
    "validate": "Check resources as the API server would, and OpenAPI documents, offline.",
    "plan": "Show what a change of a service does to what the cluster, or an older file, has.",
    "explain": "Show what a service's role may do in AWS and why, and who may call its routes, offline.",
    "permissions": "Show the operator's own IAM policy.",
    "crds": "Write the CustomResourceDefinitions, or check that they are up to date.",
}


def main() -> None:
    """Entry point of `microservice-operator`."""
    application(sys.argv[1:])()


def application(arguments: Sequence[str]) -> typer.Typer:
    """The commands, of which only the one that `arguments` ask for is imported."""
    app = typer.Typer(name="microservice-operator", no_args_is_help=True, add_completion=False)
    app.callback()(_about)
    asked = next((argument for argument in arguments if not argument.startswith("-")), "")
    for name, summary in COMMANDS.items():
        app.command(name, short_help=summary)(_command(name) if name == asked else _not_asked)
    return app


def _command(name: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(import_module(f".{name}", __name__), name)
    return function


def _not_asked() -> None:
    raise AssertionError("only the command that was asked for is ever run")


def _about() -> None:
    """Runs microservices, and the databases and tables behind them, from one short resource each."""
