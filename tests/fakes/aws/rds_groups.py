"""Subnet groups and parameter groups of RDS, according to the documents that `rds_rules` names."""

from dataclasses import dataclass, field
from typing import Any

from tests.fakes.aws.proxy import Answer
from tests.fakes.aws.rds_rules import IDENTIFIER, bad

# "Working with parameters on your RDS for PostgreSQL DB instance": a few of four hundred
PARAMETERS = {
    "log_min_duration_statement": "dynamic",
    "max_connections": "static",
    "rds.force_ssl": "dynamic",
    "shared_preload_libraries": "static",
    "work_mem": "dynamic",
    "data_directory": "",  # not modifiable
}
PAGE = 4
Instances = dict[str, dict[str, Any]]
Answered = Answer | dict[str, Any] | None


@dataclass
class Groups:
    vpc: str = "vpc-1"
    subnet_groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    parameter_groups: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, action: str, wanted: dict[str, Any], instances: Instances) -> Answered:
        """None for what is no business of groups."""
        if "Subnet" in action:
            return self._subnets(action, wanted, instances)
        return self._parameters(action, wanted, instances) if "Parameter" in action else None

    def tags(self, arn: str) -> list[dict[str, str]]:
        everything = [*self.subnet_groups.values(), *self.parameter_groups.values()]
        group = next(g for g in everything if arn in (g.get("DBSubnetGroupArn"), g.get("DBParameterGroupArn")))
        listed: list[dict[str, str]] = group["_tags"]
        return listed

    def refused_use(
        self, changes: dict[str, Any], wanted: dict[str, Any] | None = None, instance: dict[str, Any] | None = None
    ) -> Answer | None:
        subnets, parameters = changes.get("DBSubnetGroupName"), changes.get("DBParameterGroupName")
        if subnets and subnets not in self.subnet_groups:  # C
            return bad(f"DBSubnetGroup {subnets} not found", "DBSubnetGroupNotFoundFault")
        if parameters and parameters not in self.parameter_groups:  # C, M
            return bad(f"DBParameterGroup not found: {parameters}", "DBParameterGroupNotFound")
        version = (wanted or changes).get("EngineVersion") or (instance or {}).get("EngineVersion", "")
        family = f"postgres{version.split('.')[0]}"
        own = self.parameter_groups[parameters]["DBParameterGroupFamily"] if parameters else family
        if own != family:  # M; the words are those of hashicorp/terraform-provider-aws pull request 47121
            message = (
                f"The parameter group {parameters} with DBParameterGroupFamily {own} can't be used for this instance"
            )
            return bad(message, "InvalidParameterCombination")
        return None

    def _subnets(self, action: str, wanted: dict[str, Any], instances: Instances) -> Answered:  # noqa: PLR0911 one refusal after another
        name = wanted.get("DBSubnetGroupName", "")
        if action == "CreateDBSubnetGroup":
            if name in self.subnet_groups:  # G
                return bad(f"The DB subnet group '{name}' already exists.", "DBSubnetGroupAlreadyExists")
            if len(set(wanted["SubnetIds"])) < 2:  # G: at least two zones
                return bad("Please add subnets to cover at least 2 AZs", "DBSubnetGroupDoesNotCoverEnoughAZs")
            self.subnet_groups[name] = {
                "DBSubnetGroupName": name,
                "DBSubnetGroupArn": f"arn:aws:rds:us-east-1:123456789012:subgrp:{name}",
                "VpcId": self.vpc,
                "Subnets": [{"SubnetIdentifier": subnet} for subnet in wanted["SubnetIds"]],
                "_tags": wanted.get("Tags", []),
            }
            return {"DBSubnetGroup": self.subnet_groups[name]}
        if action == "DescribeDBSubnetGroups" and not name:
            return _page("DBSubnetGroups", self.subnet_groups, wanted)
        if name not in self.subnet_groups:
            return bad(f"DB subnet group '{name}' does not exist.", "DBSubnetGroupNotFoundFault")
        group = self.subnet_groups[name]
        used = any(i["DBSubnetGroup"]["DBSubnetGroupName"] == name for i in instances.values())
        if action == "DeleteDBSubnetGroup":
            if used:  # "DeleteDBSubnetGroup": must not be associated with any DB instances
                return bad(f"Cannot delete the subnet group '{name}': it is in use", "InvalidDBSubnetGroupStateFault")
            del self.subnet_groups[name]
            return {}
        if action == "ModifyDBSubnetGroup":
            # the list is in AWS's own order
            group["Subnets"] = [{"SubnetIdentifier": subnet} for subnet in reversed(wanted["SubnetIds"])]
        return {"DBSubnetGroups": [group]} if action.startswith("Describe") else {"DBSubnetGroup": group}

    def _parameters(self, action: str, wanted: dict[str, Any], instances: Instances) -> Answered:  # noqa: PLR0911 one refusal after another
        name = wanted.get("DBParameterGroupName", "")
        if action == "CreateDBParameterGroup":
            return self._create(name, wanted)
        if action == "DescribeDBParameterGroups" and not name:
            return _page("DBParameterGroups", self.parameter_groups, wanted)
        if name not in self.parameter_groups:
            return bad(f"DBParameterGroup not found: {name}", "DBParameterGroupNotFound")
        group = self.parameter_groups[name]
        users = [i for i in instances.values() if i["DBParameterGroups"][0]["DBParameterGroupName"] == name]
        match action:
            case "DescribeDBParameterGroups":
                return {"DBParameterGroups": [group]}
            case "DescribeDBParameters":
                return self._listed(wanted, group)
            case "DeleteDBParameterGroup":
                if users:  # "DeleteDBParameterGroup": can't be associated with any DB instances
                    return bad("One or more database instances are still members", "InvalidDBParameterGroupState")
                del self.parameter_groups[name]
                return {}
            case _:
                return self._set(action, wanted, (group, users))

    def _create(self, name: str, wanted: dict[str, Any]) -> Answered:
        if name in self.parameter_groups:  # P
            return bad(f"Parameter group {name} already exists", "DBParameterGroupAlreadyExists")
        if not IDENTIFIER.match(name):  # P
            return bad(f"The parameter DBParameterGroupName is not valid: {name}")
        self.parameter_groups[name] = {
            "DBParameterGroupName": name,
            "DBParameterGroupFamily": wanted["DBParameterGroupFamily"],
            "DBParameterGroupArn": f"arn:aws:rds:us-east-1:123456789012:pg:{name}",
            "_tags": wanted.get("Tags", []),
            "_values": {},
        }
        return {"DBParameterGroup": self.parameter_groups[name]}

    def _listed(self, wanted: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        values = group["_values"]
        listed = [
            {
                "ParameterName": name,
                "ApplyType": kind or "static",
                "IsModifiable": bool(kind),
                **({"ParameterValue": values[name]} if name in values else {}),
                "Source": "user" if name in values else "engine-default",
            }
            for name, kind in PARAMETERS.items()
        ]
        chosen = [p for p in listed if wanted.get("Source", p["Source"]) == p["Source"]]
        start = int(wanted.get("Marker", "0"))
        page = {"Parameters": chosen[start : start + PAGE]}
        return {**page, "Marker": str(start + PAGE)} if len(chosen) > start + PAGE else page

    def _set(self, action: str, wanted: dict[str, Any], found: tuple[dict[str, Any], list[dict[str, Any]]]) -> Answered:
        group, users = found
        if len(wanted["Parameters"]) > 20:  # PM
            return bad("A maximum of 20 parameters can be modified in a single request")
        for parameter in wanted["Parameters"]:
            kind = PARAMETERS.get(parameter["ParameterName"])
            if not kind:  # PM
                return bad(f"Could not find parameter with name: {parameter['ParameterName']}")
            if kind == "static" and parameter["ApplyMethod"] == "immediate":  # PM
                return bad("cannot use immediate apply method for static parameter", "InvalidParameterCombination")
        for parameter in wanted["Parameters"]:
            if action == "ResetDBParameterGroup":
                group["_values"].pop(parameter["ParameterName"], None)
            else:
                group["_values"][parameter["ParameterName"]] = parameter["ParameterValue"]
            if PARAMETERS[parameter["ParameterName"]] == "static":
                for instance in users:  # U "Parameter groups": pending-reboot
                    instance["DBParameterGroups"][0]["ParameterApplyStatus"] = "pending-reboot"
        return {"DBParameterGroupName": group["DBParameterGroupName"]}


def _page(key: str, groups: dict[str, dict[str, Any]], wanted: dict[str, Any]) -> Answered:
    """A page of all groups; pages are short, so that a few groups have several."""
    if not 20 <= wanted.get("MaxRecords", 100) <= 100:  # "DescribeDBSubnetGroups": minimum 20, maximum 100
        return bad("Invalid value for MaxRecords")
    start = int(wanted.get("Marker", "0"))
    page = {key: list(groups.values())[start : start + PAGE]}
    return {**page, "Marker": str(start + PAGE)} if len(groups) > start + PAGE else page
