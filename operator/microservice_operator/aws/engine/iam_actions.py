"""PURE: the IAM action that allows a call; most actions have the call's name.

API Gateway names its actions after HTTP methods ("Actions, resources, and condition keys for Amazon API Gateway
Management V2" in the Service Authorization Reference), and a few services have another prefix than in boto3.
"""

_VERBS = {"Get": "GET", "Create": "POST", "Tag": "POST", "Update": "PATCH", "Delete": "DELETE", "Untag": "DELETE"}
_PREFIXES = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag"}


def iam_action(call: str) -> str:
    """Return the action that allows a call such as `apigatewayv2:GetApis`, named by its service in boto3."""
    service, _, name = call.partition(":")
    if service not in {"apigateway", "apigatewayv2"}:
        return f"{_PREFIXES.get(service, service)}:{name}"
    verb = next((verb for prefix, verb in _VERBS.items() if name.startswith(prefix)), name)
    return f"apigateway:{verb}"
