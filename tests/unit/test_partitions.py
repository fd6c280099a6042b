"""Partitions and domains of all regions, against the endpoint data of botocore, which AWS writes."""

import pytest
from botocore.loaders import create_loader

from microservice_operator.api.environment import AWS
from microservice_operator.partitions import dns_suffix, partition

REGIONS = [
    (each["partition"], each["dnsSuffix"], region)
    for each in create_loader().load_data("endpoints")["partitions"]
    for region in each["regions"]
]


def test_every_partition_has_a_region_here() -> None:
    assert len({name for name, _, _ in REGIONS}) >= 8


@pytest.mark.parametrize(("name", "suffix", "region"), REGIONS)
def test_each_region(name: str, suffix: str, region: str) -> None:
    assert partition(region) == name
    assert dns_suffix(region) == suffix
    assert AWS.model_validate({"region": region, "accountID": "123456789012"}).region == region
