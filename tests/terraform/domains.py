"""What moto lacks of domain names: the state and the address of one in API Gateway, and certificates without a wait."""

from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from moto import settings
from moto.apigatewayv2.models import DomainName

_to_json = DomainName.to_json


def _available(domain: DomainName) -> dict[str, Any]:
    """As "DomainName" in the API reference of Amazon API Gateway V2; a name of AWS and a zone that stand for others."""
    shown = _to_json(domain)
    state = {
        "domainNameStatus": "AVAILABLE",
        "apiGatewayDomainName": "d-0123456789.execute-api.us-east-1.amazonaws.com",
    }
    configurations = [{"hostedZoneId": "Z1UJRXOUMOOFQ8", **state, **each} for each in shown["domainNameConfigurations"]]
    own = {key: value for key, value in shown.items() if key != "mutualTlsAuthentication" or value}
    return {**own, "domainNameConfigurations": configurations}


def corrections() -> list[AbstractContextManager[Any]]:
    """Patches of moto, for the time of an account."""
    return [
        mock.patch.object(DomainName, "to_json", _available),
        mock.patch.object(settings, "ACM_VALIDATION_WAIT", 0),
    ]
