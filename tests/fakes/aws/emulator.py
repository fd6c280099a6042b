"""Runs moto's AWS, one request at a time, behind the strict layer.

DynamoDB serializes updates of one item, but moto does not: another thread can write between the check of a condition
and the write, so a stock of 50 is sold 51 times. A lock around moto keeps the guarantee that the services need.

moto does not list the authorizers of an API, but the operator reads them; this module adds that call. And moto searches
its own folder at each request, which takes as long as many of the requests themselves; this module keeps the answer.
"""

import json
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.server import ThreadedMotoServer
from werkzeug.serving import BaseWSGIServer, make_server


def _authorizers(response: ApiGatewayV2Response) -> tuple[int, dict[str, str], str]:
    """Answer GetAuthorizers: `GET /v2/apis/ID/authorizers`."""
    api = response.apigatewayv2_backend.get_api(response.path.split("/")[-2])
    return 200, {}, json.dumps({"items": [authorizer.to_json() for authorizer in api.authorizers.values()]})


ApiGatewayV2Response.get_authorizers = _authorizers  # type: ignore[attr-defined]  # moto has none
DomainDispatcherApplication.get_backend_for_host = cache(  # type: ignore[method-assign]
    DomainDispatcherApplication.get_backend_for_host
)


class OneAtATime:
    """moto's application behind a lock."""

    def __init__(self) -> None:
        """Build moto's application; each of its services is loaded when it is first asked for."""
        self._app = DomainDispatcherApplication(create_backend_app)
        self._turn = Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request, whole, before the next; `polling` sees to it that none waits for a message in here."""
        with self._turn:
            return list(self._app(environ, start_response))


def emulator(host: str, port: int) -> BaseWSGIServer:
    """A server; `serve_forever` is the caller's to call."""
    return make_server(host, port, OneAtATime(), threaded=True, request_handler=MotoRequestHandler)


@contextmanager
def running() -> Iterator[str]:
    """Run moto in a thread of this process, without the lock; its address."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def empty(address: str) -> None:
    """Begin with nothing: all emulators of a process are one, and the tests before have left things in it."""
    urllib.request.urlopen(urllib.request.Request(f"{address}/moto-api/reset", method="POST"), timeout=60).close()
