"""A real Kubernetes cluster on one machine, for `make demo`, for tests and for people.

    from tests.tools.cluster import up, down

    cluster = up("demo")            # a node that runs pods; light=True: only the control plane, in seconds
    cluster.kubeconfig              # the administrator's
    cluster.audit_log               # one JSON line for each request
    cluster.user_kubeconfig("ann", ["developers"])
    cluster.load_images([image.archive for image in images(["operator", "user"]).values()])
    cluster.answer("rds.amazonaws.com", address)    # every name in a zone has this address, for pods
    down("demo")

On the command line: `python -m tests.tools.cluster --help`. How it works is in the README of this folder.
"""

from .cluster import Cluster
from .errors import ClusterError
from .image_build import Image, images
from .lifecycle import down, up

__all__ = ["Cluster", "ClusterError", "Image", "down", "images", "up"]
