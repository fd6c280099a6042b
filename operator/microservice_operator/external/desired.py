"""PURE: declarations of a spec, with what their Environment adds to them."""

from ..api.environment import RDS
from ..api.parsing import Environment, Microservice
from ..aws.rds.desired import DesiredInstance, Network, unsaid
from ..errors import NeedsPerson
from ..facts import Reason
from .resource import declared_item, tags


def of_rds(environment: Environment | None) -> RDS | None:
    """The RDS settings of an Environment, if its database provider is `rds`."""
    databases = environment.spec.databases if environment else None
    return databases.rds if databases else None


def desired_instance(service: Microservice, environment: Environment | None, name: str) -> DesiredInstance:
    """A declared database as an instance with the settings of its Environment.

    Raises NeedsPerson where the Environment does not say what the spec asks for.
    """
    index, spec = declared_item(service.spec.databases, name)
    field = f"spec.databases[{index}]"
    rds, aws = of_rds(environment), environment.spec.aws if environment else None
    if rds is None or aws is None:
        raise NeedsPerson(Reason.ENVIRONMENT_MISSING, "instances need an Environment with spec.databases.rds; add it")
    if spec.size not in rds.sizes and "class" not in unsaid(spec):
        sizes = ", ".join(sorted(rds.sizes))
        message = f"size {spec.size} of database {spec.name} is not defined in the Environment; use one of: {sizes}"
        raise NeedsPerson(Reason.REJECTED, message, f"{field}.size")
    network = Network(aws.vpc_id or "", frozenset(aws.subnet_ids or ()), aws.pod_security_group_id or "")
    # an adopted instance has a class already; this one is used only to recreate it after a loss
    instance_class = rds.sizes.get(spec.size) or next(iter(rds.sizes.values()), "")
    return DesiredInstance(
        spec=spec,
        tags=tags(service, environment),
        field=field,
        network=network,
        instance_class=instance_class,
        key=aws.database_key_arn or "",
    )


def table_key(environment: Environment | None) -> str:
    """The Environment's key for tables, if any."""
    aws = environment.spec.aws if environment else None
    return (aws.table_key_arn if aws else None) or ""


def messaging_key(environment: Environment | None) -> str:
    """The Environment's key for messages, if any."""
    aws = environment.spec.aws if environment else None
    return (aws.messaging_key_arn if aws else None) or ""
