"""The command line: one file per command, which is imported only if that command runs.

This keeps `--help` and `validate` fast, because editors and hooks run them at every change. Importing kopf, boto3 and
the clients of Kubernetes and PostgreSQL takes seconds, and these two never use them.
"""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import typer

COMMANDS = {
    "run": "Run the operator.",
    "render": "Show the Kubernetes objects that the operator creates for a resource. Works offline.",
    "validate": "Check resources and OpenAPI documents by the rules of the API server and operator. Works offline.",
    "plan": "Show what a change does, compared with the cluster or an older file.",
    "explain": "Show a service's AWS permissions with reasons, and the callers of its routes. Works offline.",
    "permissions": "Show the operator's own IAM policy.",
    "crds": "Write the CustomResourceDefinitions, or check that they are up to date.",
}


def main() -> None:
    """Run the command line; entry point of `microservice-operator`."""
    application(sys.argv[1:])()


def application(arguments: Sequence[str]) -> typer.Typer:
    """Build the application; only the command that `arguments` name is imported."""
    app = typer.Typer(name="microservice-operator", no_args_is_help=True, add_completion=False)
    app.callback()(_about)
    requested = next((argument for argument in arguments if not argument.startswith("-")), "")
    for name, summary in COMMANDS.items():
        app.command(name, short_help=summary)(_command(name) if name == requested else _not_requested)
    return app


def _command(name: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(import_module(f".{name}", __name__), name)
    return function


def _not_requested() -> None:
    raise AssertionError("only the requested command can run")


def _about() -> None:
    """Run microservices with their databases, tables, topics and queues, each from one short resource."""
