"""`python -m tests.fakes.aws`: the AWS that the operator and the shop use, in one process; the image runs this.

Only this process can reach the emulator. The strict layer is in front of it and uses the real clock. If names are
given for them, RDS instances answer with PostgreSQL. A restart loses all state.
"""

import argparse
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.aws.eks import PodIdentity
from tests.fakes.aws.emulator import emulator
from tests.fakes.aws.network import Network, make_network
from tests.fakes.aws.polling import polling
from tests.fakes.aws.proxy import Call, Proxy
from tests.fakes.aws.rds_endpoints import Endpoints
from tests.fakes.aws.rds_front import TLS, Front
from tests.fakes.aws.whole import WholeAWS

LOOPBACK = "127.0.0.1"


class Unkept(list[Call]):
    """The proxy's log of calls, limited for a process that runs for days."""

    def append(self, call: Call, /) -> None:
        """Keep nothing."""


@dataclass(frozen=True)
class Options:
    """How it is started."""

    host: str = "0.0.0.0"
    port: int = 5000
    cluster: str = "local"
    rds: tuple[str, ...] = ()
    rds_port: int = 5432
    tls: Path = Path("/tls")
    data: Path = Path("/tmp/rds")


@dataclass(frozen=True)
class Running:
    """What was started."""

    url: str
    network: Network
    whole: WholeAWS
    endpoints: Endpoints | None


def start(options: Options) -> Running:
    """Everything, in threads."""
    upstream = emulator(LOOPBACK, 0)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    address = f"http://{LOOPBACK}:{upstream.server_port}"
    network = make_network(address)
    endpoints = _endpoints(options) if options.rds else None
    whole = WholeAWS.before(address, endpoints, pace=1)
    whole.eks = PodIdentity(clusters=(options.cluster,))
    layer = polling(endpoints.bounded(whole.rds, whole) if endpoints else whole)
    proxy = Proxy(address, layer, calls=Unkept(), seen=set())
    return Running(proxy.start(options.host, options.port), network, whole, endpoints)


def _endpoints(options: Options) -> Endpoints:
    options.data.mkdir(parents=True, exist_ok=True)
    front = Front(TLS(options.tls / "tls.crt", options.tls / "tls.key"), options.rds)
    port = front.start(options.host, options.rds_port)
    return Endpoints(options.data, options.rds, front, port)


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.aws", description=__doc__)
    parser.add_argument("--host", default=Options.host)
    parser.add_argument("--port", type=int, default=Options.port)
    parser.add_argument("--cluster", default=Options.cluster, help="name of the cluster that EKS knows")
    parser.add_argument(
        "--rds", nargs="*", default=(), help="names for instances of RDS; without any they are not real"
    )
    parser.add_argument("--rds-port", type=int, default=Options.rds_port)
    parser.add_argument("--tls", type=Path, default=Options.tls, help="folder with tls.crt and tls.key for these names")
    parser.add_argument("--data", type=Path, default=Options.data, help="folder for what their servers hold")
    given = vars(parser.parse_args())
    return Options(**{**given, "rds": tuple(given["rds"])})


def main() -> None:
    """Run until SIGTERM: the first process of a container gets no default for it, and would be killed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    running = start(_options())
    print(f"AWS answers at {running.url}", flush=True)
    try:
        while True:
            time.sleep(60)
    finally:
        if running.endpoints:
            running.endpoints.keep(set())


if __name__ == "__main__":
    main()
