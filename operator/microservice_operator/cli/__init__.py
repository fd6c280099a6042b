"""The command line: one file per command, which is imported only if that command runs.

This keeps `--help` and `validate` fast, because editors and hooks run them at every change. Importing kopf, boto3 and
the clients of Kubernetes and PostgreSQL takes seconds, and these two never use them.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer


@dataclass(frozen=True)
class Command:
    """A command: one line about it, and the meaning of each exit code. Wrong arguments always exit with code 2."""

    summary: str
    exit_codes: Mapping[int, str]


COMMANDS = {
    "run": Command(
        "Run the operator.",
        {
            0: "a signal stopped the operator",
            1: "an error stopped the operator; the log has the cause",
            2: "a flag is wrong, or there is no connection to a cluster",
        },
    ),
    "render": Command(
        "Show the Kubernetes objects that the operator creates for a resource. Works offline.",
        {0: "all resources were rendered", 1: "a resource is invalid", 2: "a file cannot be read"},
    ),
    "validate": Command(
        "Check resources and OpenAPI documents by the rules of the API server and operator. Works offline.",
        {
            0: "everything is valid; warnings are allowed",
            1: "something is invalid, or nothing was checked",
            2: "a file cannot be read",
        },
    ),
    "plan": Command(
        "Show what a change does, compared with the cluster or an older file.",
        {
            0: "no change is refused",
            1: "a change is refused, or a resource is invalid",
            2: "a file or the cluster cannot be read",
        },
    ),
    "explain": Command(
        "Show a service's AWS permissions with reasons, and the callers of its routes. Works offline.",
        {0: "all services were explained", 1: "a resource is invalid", 2: "a file cannot be read"},
    ),
    "permissions": Command("Show the operator's own IAM policy.", {0: "the policy was printed or written"}),
    "conformance": Command(
        "Check an AWS account for an Environment; on request, create, change and delete a sample in it.",
        {
            0: "everything was checked and holds, and nothing is left",
            1: "the Environment is invalid, something failed or could not be checked, or something is left",
            2: "a file or the cluster cannot be read, or --create lacks --yes",
        },
    ),
    "crds": Command(
        "Write the CustomResourceDefinitions, or check that they are up to date.",
        {0: "the files were printed or written, or are up to date", 1: "a file differs from the code (--check)"},
    ),
}


def main() -> None:
    """Run the command line; entry point of `microservice-operator`."""
    application(sys.argv[1:])()


def application(arguments: Sequence[str]) -> typer.Typer:
    """Build the application; only the command that `arguments` name is imported."""
    app = typer.Typer(name="microservice-operator", no_args_is_help=True, add_completion=False)
    app.callback()(_about)
    requested = next((argument for argument in arguments if not argument.startswith("-")), "")
    for name, command in COMMANDS.items():
        register = app.command(name, short_help=command.summary, epilog=_exit_codes(command))
        register(_function(name) if name == requested else _not_requested)
    return app


def _exit_codes(command: Command) -> str:
    return "\n".join(["Exit codes:", *(f"{code}: {meaning}" for code, meaning in command.exit_codes.items())])


def _function(name: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(import_module(f".{name}", __name__), name)
    return function


def _not_requested() -> None:
    raise AssertionError("only the requested command can run")


def _about() -> None:
    """Run microservices with their databases, tables, topics and queues, each from one short resource."""
