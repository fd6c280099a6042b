"""An AWS account for Terraform: moto, and EKS as AWS documents it, behind one address."""

import json
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock
from urllib.parse import unquote

from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.sqs.models import Queue
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.fakes.aws.eks import PodIdentity
from tests.fakes.aws.emulator import empty
from tests.fakes.aws.protocols import rest_call
from tests.fakes.aws.proxy import Answer, Call
from tests.terraform import cognito, domains
from tests.terraform.eks import EKS, Network

ACCOUNT = "123456789012"
REGION = "us-east-1"


_create_launch_template = EC2Backend.create_launch_template
_attributes = Queue.__dict__["attributes"].fget


def _description(rule: SecurityGroupRule) -> str | None:
    """Of a rule that names a group, too: moto keeps it, and shows it of networks only."""
    said: str | None = rule.ip_range.get("Description") or rule.source_group.get("Description")
    return said


def _launch_template(backend: EC2Backend, name: str, description: str, data: dict[str, Any], tags: Any) -> Any:
    """The template's own tags are no part of what it makes: moto takes them for such."""
    specifications = [each for each in data.get("TagSpecifications", []) if each["ResourceType"] != "launch-template"]
    return _create_launch_template(backend, name, description, data | {"TagSpecifications": specifications}, tags)


def _as_written(queue: Queue) -> dict[str, Any]:
    """SQS gives a redrive policy back as it was written; moto adds spaces."""
    shown: dict[str, Any] = _attributes(queue)
    if shown.get("RedrivePolicy"):
        shown["RedrivePolicy"] = json.dumps(json.loads(shown["RedrivePolicy"]), separators=(",", ":"))
    return shown


def _make_group(cluster: str, subnets: list[str]) -> tuple[str, str]:
    backend = ec2_backends[ACCOUNT][REGION]
    vpc = backend.get_subnet(subnets[0]).vpc_id
    group = backend.create_security_group(f"eks-cluster-sg-{cluster}", "EKS created security group", vpc_id=vpc)
    return vpc, group.id


def _remove_group(group: str) -> None:
    ec2_backends[ACCOUNT][REGION].delete_security_group(group_id=group)


class _Quiet(MotoRequestHandler):
    def log_request(self, *_: object) -> None:
        """A thousand lines would hide what Terraform says."""


@dataclass
class Account:
    """A WSGI application; `address` is where it listens."""

    address: str = ""
    eks: EKS = field(default_factory=lambda: EKS(Network(_make_group, _remove_group)))
    pod_identity: PodIdentity = field(default_factory=PodIdentity)
    _moto: Any = field(default_factory=lambda: DomainDispatcherApplication(create_backend_app))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        if not unquote(request.path).startswith(("/clusters", "/tags/arn:aws:eks:")):
            answer: Iterable[bytes] = self._moto(environ, start_response)
            return answer
        line = f"{request.method} {environ.get('RAW_URI') or request.full_path}"
        said = self._eks(Call("eks", *rest_call("eks", line, request.get_data())))
        return Response(json.dumps(said.body), said.status, content_type=said.kind)(environ, start_response)

    def _eks(self, call: Call) -> Answer:
        if "PodIdentity" not in call.action and "resourceArn" not in call.body:
            return self.eks(call)
        self.pod_identity.clusters = tuple(key[1] for key in self.eks.left if key[0] == "cluster")
        return self.pod_identity(call, self.eks)


@contextmanager
def account() -> Iterator[Account]:
    """Listens on loopback while the block runs; policies that AWS manages are there, as moto has them."""
    made = Account()
    server = make_server("127.0.0.1", 0, made, threaded=True, request_handler=_Quiet)
    made.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    with ExitStack() as mended:
        mended.enter_context(mock.patch.dict(os.environ, {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}))
        mended.enter_context(mock.patch.object(SecurityGroupRule, "description", property(_description)))
        mended.enter_context(mock.patch.object(EC2Backend, "create_launch_template", _launch_template))
        mended.enter_context(mock.patch.object(Queue, "attributes", property(_as_written)))
        for each in (*cognito.corrections(), *domains.corrections()):
            mended.enter_context(each)
        thread.start()
        empty(made.address)
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
