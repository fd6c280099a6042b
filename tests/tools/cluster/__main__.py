"""`python -m tests.tools.cluster`: the Python interface as commands, for people and for make."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from . import lifecycle
from .binaries import PARTS, WHOLE, build
from .cluster import Cluster, cluster_of, known
from .errors import ClusterError
from .image_build import images as build_images
from .recipes import RECIPES
from .state import states
from .telling import telling

Name = Annotated[str, typer.Option("--name", "-n", help="The cluster's name.")]
Output = Annotated[str, typer.Option("--output", "-o", help="text or json.")]
app = typer.Typer(
    help="A real Kubernetes cluster on one machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console(stderr=True)


@app.command()
def up(
    name: Name = "demo",
    light: Annotated[bool, typer.Option("--light", help="Only the control plane: no pods run.")] = False,
    kwok: Annotated[int, typer.Option("--kwok", min=0, help="How many fake nodes to add.")] = 0,
    output: Output = "text",
) -> None:
    """Bring a cluster up; return at once when it is up already."""
    with telling(console, "starting") as tell:
        cluster = lifecycle.up(name, light=light, kwok_nodes=kwok, progress=tell)
    if output == "json":
        print(json.dumps(_described(cluster)))
    else:
        print(f"cluster {name!r} is up; to use it:\nexport KUBECONFIG={cluster.kubeconfig}")


@app.command()
def down(name: Name = "demo") -> None:
    """End a cluster and remove everything of it."""
    with console.status(f"ending cluster {name!r}"):
        was = lifecycle.down(name)
    print(f"cluster {name!r} is gone" if was else f"there is no cluster {name!r}")


@app.command()
def kubeconfig(name: Name = "demo") -> None:
    """Print the path of the administrator's kubeconfig."""
    print(cluster_of(known(name)).kubeconfig)


@app.command()
def status(output: Output = "text") -> None:
    """List the clusters on this machine, and whether they run."""
    found = [(state, "running" if state.running() else "broken" if state.alive() else "dead") for state in states()]
    if output == "json":
        print(
            json.dumps([{**_described(cluster_of(state)), "kind": state.kind, "state": what} for state, what in found])
        )
        return
    table = Table("name", "kind", "state", "API server", box=None)
    for state, what in found:
        table.add_row(state.name, state.kind, what, state.addresses.server)
    Console().print(table)


@app.command()
def binaries(parts: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join(PARTS)}.")] = None) -> None:
    """Build the cluster's programs into the cache: everything that a whole node needs, or the parts named."""
    if unknown := set(parts or ()) - set(PARTS):
        raise ClusterError(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    with telling(console, "looking at the cache") as tell:
        build(parts or WHOLE, tell)
    for name in parts or WHOLE:
        print(PARTS[name].folder())


@app.command()
def images(
    names: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join(RECIPES)}; all without one.")] = None,
    output: Output = "text",
) -> None:
    """Build the project's images; those that did not change are not built again."""
    with telling(console, "looking at the images") as tell:
        built = build_images(names or (), tell)
    if output == "json":
        print(json.dumps({name: {"ref": image.ref, "archive": str(image.archive)} for name, image in built.items()}))
        return
    for image in built.values():
        print(image.ref, image.archive, sep="\t")


@app.command()
def load(
    what: Annotated[
        list[str] | None, typer.Argument(help="Names of images, or archive files; all without one.")
    ] = None,
    name: Name = "demo",
) -> None:
    """Bring images to a cluster's node: the project's own (built when they changed), or archives of any."""
    archives = [Path(one) for one in what or () if "/" in one or one.endswith(".tar")]
    names = [one for one in what or () if Path(one) not in archives]
    cluster = cluster_of(known(name))
    with console.status("looking at the images") as status:
        if names or not what:
            archives += [image.archive for image in build_images(names, status.update).values()]
        status.update("loading the images")
        cluster.load_images(archives)


def _described(cluster: Cluster) -> dict[str, str | bool]:
    return {
        "name": cluster.name,
        "kubeconfig": str(cluster.kubeconfig),
        "auditLog": str(cluster.audit_log),
        "nodeAddress": cluster.node_address,
        "hostAddress": cluster.host_address,
        "light": cluster.light,
    }


def main() -> None:
    """Run a command; an error that a person can fix gives a message and exit code 1, not a traceback."""
    try:
        app()
    except ClusterError as error:
        console.print(f"[red]error:[/red] {error}", markup=True, highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
