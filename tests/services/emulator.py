"""``python -m tests.services.emulator PORT``: moto's AWS on loopback, one request at a time.

DynamoDB runs the updates of one item one after the other. moto does not: between its check of a condition and its
write another thread may come in. With a lock around it, it keeps the promise that the services build on.
"""

import sys
from collections.abc import Iterable
from threading import Lock
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server


class OneAtATime:
    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self._turn = Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with self._turn:
            return list(self._app(environ, start_response))


if __name__ == "__main__":
    port = int(sys.argv[1])
    make_server("127.0.0.1", port, OneAtATime(), threaded=True, request_handler=MotoRequestHandler).serve_forever()
