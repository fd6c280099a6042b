"""A minimal Microservice, so that tests of the operator do not wait for Python to start."""

from tests.tools.demo.kubectl import Object

from .stage import Stage

PROGRAM = """
import http.server, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
class Yes(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"yes")
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("", 8080), Yes).serve_forever()
"""


def tiny(stage: Stage, image: str = "product", **more: object) -> Object:
    """A spec whose container says yes to everything; `image` is one of the shop's."""
    probe = {"periodSeconds": 2, "httpGet": {"path": "/ready", "port": "http"}}
    spec = {
        "image": stage.images[image].ref,
        "command": ["python3", "-c", PROGRAM],
        "readinessProbe": probe,
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
    }
    counts = {} if "autoscaling" in more else {"replicas": 1}
    return {**spec, **counts, **more}


def with_stores(stage: Stage, policy: str) -> Object:
    """The same with a table and a database; this policy decides about their data."""
    table = {
        "name": "things",
        "partitionKey": {"name": "id"},
        "deletionPolicy": policy,
        "deletionProtection": policy == "Retain",
    }
    return tiny(stage, tables=[table], databases=[{"name": "things", "deletionPolicy": policy}])
