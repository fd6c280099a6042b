"""PURE: partitions of AWS by region: what follows `arn:` in an ARN, and the end of a service's domain."""

# As botocore's endpoint data has them; every other region is in the partition `aws`.
_PARTITIONS = {
    "cn-": ("aws-cn", "amazonaws.com.cn"),
    "us-gov-": ("aws-us-gov", "amazonaws.com"),
    "us-iso-": ("aws-iso", "c2s.ic.gov"),
    "us-isob-": ("aws-iso-b", "sc2s.sgov.gov"),
    "eu-isoe-": ("aws-iso-e", "cloud.adc-e.uk"),
    "us-isof-": ("aws-iso-f", "csp.hci.ic.gov"),
    "eusc-": ("aws-eusc", "amazonaws.eu"),
}


def partition(region: str) -> str:
    """Return the partition of a region's ARNs: "Amazon Resource Names (ARNs)" in the AWS General Reference."""
    return _of(region)[0]


def dns_suffix(region: str) -> str:
    """Return the end of the domains of a region's services: `sqs.REGION.SUFFIX`."""
    return _of(region)[1]


def _of(region: str) -> tuple[str, str]:
    matches = (value for prefix, value in _PARTITIONS.items() if region.startswith(prefix))
    return next(matches, ("aws", "amazonaws.com"))
