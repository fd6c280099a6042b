"""`python -m tests.tools.demo`: the steps of `make demo` in order; with `down`, those of `make down`."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from tests.tools.cluster import Cluster, ClusterError, images, up
from tests.tools.cluster.cluster import known
from tests.tools.cluster.telling import telling

from .applying import apply_all
from .aws_parts import aws_parts
from .board import Board
from .diagnosis import explain
from .ending import end_all
from .errors import DemoError
from .kubectl import Kubectl
from .local_files import LOCAL, copy_kubeconfig, write_env
from .losses import end_consent, start_anew
from .reach import reach
from .shop import QUANTITY, STOCK, Sale, buy
from .standing import standing

IMAGES = ("aws", "postgres", "operator", "user", "product", "order", "gateway")
REACHED = {
    "aws": ("local-aws", "aws"),
    "user": ("shop", "user"),
    "product": ("shop", "product"),
    "order": ("shop", "order"),
    "gateway": ("shop", "gateway"),
}
PATIENCE = 180.0  # seconds without any change of what is awaited
PATIENCE_STALLED = 45.0  # the same, when the operator says that a person must act

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help="The shop on a cluster of its own.")
console = Console()


@app.callback(invoke_without_command=True)
def demo(context: typer.Context, name: str = "demo") -> None:
    """Bring everything up and place an order; what is up already is left as it is."""
    context.obj = name
    if context.invoked_subcommand:
        return
    started = time.monotonic()
    cluster = _cluster(name)
    kubectl = Kubectl(copy_kubeconfig(cluster.kubeconfig))
    references = _images(cluster)
    with _step("operator, emulator and shop"):
        apply_all(kubectl, references)
    _wait(kubectl)
    with _step("a customer orders"):
        urls = reach(kubectl, known(name), REACHED, LOCAL)
        write_env(urls)
        sale = buy(urls)
    _tell(kubectl, sale, urls["gateway"])
    console.print(f"\n[bold green]The shop takes orders[/] ({time.monotonic() - started:.0f} s).")


@app.command()
def down(context: typer.Context) -> None:
    """End the cluster and remove what the demo wrote."""
    end_all(console, context.obj)


def _cluster(name: str) -> Cluster:
    with _step(f"cluster {name}") as tell:
        return up(name, progress=tell)


def _images(cluster: Cluster) -> list[str]:
    with _step("images") as tell:
        built = images(IMAGES, tell)
        tell("loading the images into the node")
        cluster.load_images([image.archive for image in built.values()])
    return [image.ref for image in built.values()]


def _wait(kubectl: Kubectl) -> None:
    """Until all is ready; as long as something changes, there is hope."""
    started = changed = time.monotonic()
    before = None
    with Board(console) as board:
        while True:
            rows = standing(kubectl)
            now = time.monotonic()
            board.show(rows, now - started)
            if all(row.up for row in rows):
                break
            if rows != before:
                before, changed = rows, now
                for lost in start_anew(kubectl):
                    console.print(f"a restart has taken {lost} with it; an empty one is made", highlight=False)
            if now - changed > (PATIENCE_STALLED if any(row.stalled for row in rows) else PATIENCE):
                explain(console, kubectl, rows)
                waiting = ", ".join(row.name for row in rows if not row.up)
                raise DemoError(f"not ready, and nothing has changed for {now - changed:.0f} seconds: {waiting}")
            time.sleep(0.5)
    end_consent(kubectl)


def _tell(kubectl: Kubectl, sale: Sale, gateway: str) -> None:
    _block("the order, as the order service stored it", json.dumps(sale.order, indent=2))
    _block("the stock", f"{sale.product['name']}: {STOCK} - {QUANTITY} = {sale.left} left")
    _block("$ kubectl get msvc -n shop", kubectl("get", "msvc", "--namespace=shop").rstrip())
    _block("what the shop has in AWS", "\n".join(aws_parts(kubectl)))
    _block(
        "to look further",
        ". .local/env                                    # KUBECONFIG, addresses, the emulator's credentials\n"
        "kubectl describe msvc order -n shop             # conditions, parts, events\n"
        "kubectl get deploy,svc,netpol,pdb,secret -n shop\n"
        "kubectl logs -n microservice-operator-system -l app.kubernetes.io/name=microservice-operator\n"
        "token=$(curl -s $GATEWAY_URL/.well-known/token -d subject=me -d scope=shop:admin | jq -r .access_token)\n"
        f'curl -H "Authorization: Bearer $token" $GATEWAY_URL/orders/{sale.order["orderId"]}\n'
        "make down                                       # ends and removes all of it",
    )
    _block("the storefront, for a browser on this machine", f"{gateway}/shop")


def _block(title: str, text: str) -> None:
    console.print(f"\n[bold]{title}[/]")
    console.print(text, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _step(title: str) -> Iterator[Callable[[str], None]]:
    """A step: what it is doing now, then how long it took."""
    started = time.monotonic()
    with telling(console, title) as tell:
        yield tell
    console.print(f"[green]✓[/] {title} [dim]{time.monotonic() - started:.1f} s[/]", highlight=False)


def main() -> None:
    """Run; an error that a person can fix gives a message and exit code 1, not a traceback."""
    try:
        app()
    except (DemoError, ClusterError) as error:
        console.print("error:", style="bold red", end=" ")
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
