"""PURE: the IAM action that allows a call; most actions have the call's name.

API Gateway names its actions after HTTP methods ("Actions, resources, and condition keys for Amazon API Gateway
Management V2" in the Service Authorization Reference).
"""

_VERBS = {"Get": "GET", "Create": "POST", "Tag": "POST", "Update": "PATCH", "Delete": "DELETE", "Untag": "DELETE"}


def iam_action(call: str) -> str:
    """Return the action that allows a call such as `apigatewayv2:GetApis`, named by its service in boto3."""
    service, _, name = call.partition(":")
    if service not in {"apigateway", "apigatewayv2"}:
        return call
    verb = next((verb for prefix, verb in _VERBS.items() if name.startswith(prefix)), name)
    return f"apigateway:{verb}"
