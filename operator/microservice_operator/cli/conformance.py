"""`microservice-operator conformance`: certifies an AWS account for an Environment, with the operator's own code."""

import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from ..api.environment import AWS
from ..api.parsing import Environment
from ..errors import OperatorError
from ..settings import Settings
from .conformance_progress import Progress
from .loading import LoadedFiles, default, read_environments
from .options import Format, print_one, readable, stop_at
from .run import AWSEndpoint, InsecureEmulator
from .yaml_documents import Unreadable

if TYPE_CHECKING:  # importing boto3 takes a second, and a wrong argument needs none
    from ..aws.engine.call import Measured
    from ..conformance.report import Report
    from ..conformance.run import Request

File = Annotated[Path | None, typer.Option("--file", "-f", help="File with the Environment; - reads standard input.")]
Name = Annotated[
    str, typer.Option("--environment", help="Name of the Environment: in the file, or without a file in the cluster.")
]
KubeContext = Annotated[str | None, typer.Option("--context", help="Kubeconfig context instead of the current one.")]
Create = Annotated[bool, typer.Option("--create", help="Create, change and delete a sample; needs --yes.")]
Yes = Annotated[bool, typer.Option("--yes", help="Consent to the plan that --create shows.")]
WithDatabase = Annotated[bool, typer.Option("--with-database", help="Include an RDS instance in the sample.")]
Clean = Annotated[bool, typer.Option("--clean", help="Only delete what earlier runs left.")]
RoleARN = Annotated[
    str, typer.Option("--role-arn", help="User or role whose permissions are checked; default: the caller.")
]
ClusterID = Annotated[
    str, typer.Option("--cluster-id", help="Cluster id in that role's policy; default: that of the sample.")
]

Record = Annotated[
    Path | None, typer.Option("--record", help="Folder for the answers of AWS, without what identifies the account.")
]


@dataclass(frozen=True)
class Wanted:
    """A run with its arguments."""

    environment: Environment
    aws: AWS
    request: "Request"
    role_arn: str
    cluster_id: str
    endpoint: str | None
    record: Path | None
    progress: Progress


def conformance(  # noqa: PLR0913, PLR0917 one parameter for each flag
    file: File = None,
    environment: Name = "",
    context: KubeContext = None,
    create: Create = False,
    yes: Yes = False,
    with_database: WithDatabase = False,
    clean: Clean = False,
    role_arn: RoleARN = "",
    cluster_id: ClusterID = "",
    record: Record = None,
    aws_endpoint_url: AWSEndpoint = None,
    insecure_emulator: InsecureEmulator = False,
    output: Annotated[Format, typer.Option("--output", "-o", help="Output format.")] = Format.TEXT,
) -> None:
    """Check an AWS account for an Environment.

    Without --create and --clean, the command only reads. AWS credentials come from the default chain of the SDK.
    """
    chosen, aws = _chosen(file, environment, context)
    request = _request(chosen, create=create, clean=clean, yes=yes, database=with_database)
    endpoint = _endpoint(aws_endpoint_url, insecure_emulator=insecure_emulator)
    if create:
        from ..conformance.plan import plan  # noqa: PLC0415 its package imports boto3, which takes a second

        typer.echo(plan(chosen, database=with_database), err=True)
        if not yes:
            _exit("nothing was created; add --yes to consent to this plan")
    progress = Progress(output, terminal=sys.stderr.isatty())
    with readable():
        report = _run(Wanted(chosen, aws, request, role_arn, cluster_id, endpoint, _folder(record), progress))
    progress.end()
    from ..conformance.report import content, text  # noqa: PLC0415 the same

    print_one(content(report), output, text(report))
    raise typer.Exit(code=0 if report.certified else 1)


def _chosen(file: Path | None, name: str, context: str | None) -> tuple[Environment, AWS]:
    """Return the Environment and its AWS settings; exit with code 2 if there is none."""
    if not file and not name:
        _exit("name the Environment: -f FILE, or --environment NAME for one of the cluster")
    with readable():
        loaded = read_environments(file) if file else _in_the_cluster(context)
    stop_at(loaded.complaints)
    only = next(iter(loaded.environments)) if len(loaded.environments) == 1 else ""
    wanted = name or default(loaded) or only
    if wanted not in loaded.environments:
        known = ", ".join(sorted(loaded.environments)) or "no Environment was found"
        _exit(f"choose an Environment with --environment: {known}")
    chosen = loaded.environments[wanted]
    if chosen.spec.aws is None:
        _exit(f"Environment {wanted} has no spec.aws, so it has no account to check")
    return chosen, chosen.spec.aws


def _in_the_cluster(context: str | None) -> LoadedFiles:
    from .cluster_state import environments  # noqa: PLC0415 importing the API client takes a second

    return environments(context)


def _request(environment: Environment, *, create: bool, clean: bool, yes: bool, database: bool) -> "Request":
    """Return what is requested; exit with code 2 if flags contradict each other or would be ignored."""
    if create and clean:
        _exit("--create deletes what earlier runs left, too; use --create or --clean")
    for flag, given in (("--yes", yes), ("--with-database", database)):
        if given and not create:
            _exit(f"{flag} needs --create, without which the command creates nothing; add it, or omit {flag}")
    databases = environment.spec.databases
    if database and not (databases and databases.rds):
        _exit(f"--with-database needs provider rds in spec.databases of Environment {environment.name}; omit it")
    from ..conformance.run import Request  # noqa: PLC0415 as in `conformance`

    return Request(create=create, clean=clean, database=database)


def _endpoint(url: str | None, *, insecure_emulator: bool) -> str | None:
    try:
        return Settings(aws_endpoint_url=url, insecure_emulator=insecure_emulator).aws_endpoint_url
    except OperatorError as error:
        _exit(f"error: {error}")


def _folder(path: Path | None) -> Path | None:
    """Create the folder of the recordings before anything is created in AWS; raises Unreadable if that fails."""
    try:
        if path:
            path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}; name another folder with --record") from None
    return path


def _run(wanted: Wanted) -> "Report":
    try:
        return asyncio.run(_certify(wanted))
    except (KeyboardInterrupt, asyncio.CancelledError):
        wanted.progress.end()
        typer.echo("interrupted again while deleting; run conformance with --clean to delete what is left", err=True)
        raise typer.Exit(code=1) from None


async def _certify(wanted: Wanted) -> "Report":
    from ..aws.engine.measured_clients import MeasuredClients  # noqa: PLC0415 as in `conformance`
    from ..conformance.checks import new_account  # noqa: PLC0415 the same
    from ..conformance.run import Conformance  # noqa: PLC0415 the same

    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)  # as Ctrl-C does
    clients = MeasuredClients(wanted.endpoint, keep=wanted.record is not None)
    try:
        account = new_account(clients, wanted.environment, wanted.aws, wanted.role_arn, wanted.cluster_id)
        tell, wait = wanted.progress.tell, wanted.progress.wait
        return await Conformance(account, clients, wanted.request, progress=tell, waiting=wait).certify()
    finally:
        clients.close()
        if wanted.record:
            _write(clients.calls, wanted.environment, wanted.record)


def _write(calls: "Sequence[Measured]", environment: Environment, folder: Path) -> None:
    """Write the recordings, one file for each service."""
    from ..conformance.recordings import names, recordings  # noqa: PLC0415 as in `conformance`

    for service, rows in recordings(calls, names(environment)).items():
        (folder / f"{service}.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def _exit(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code=2)
