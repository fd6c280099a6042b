"""PURE: which IAM action allows a call; most have the call's own name.

API Gateway names its actions after the verbs of HTTP ("Actions, resources, and condition keys for Amazon API Gateway
Management V2" in the Service Authorization Reference).
"""

_VERBS = {"Get": "GET", "Create": "POST", "Tag": "POST", "Update": "PATCH", "Delete": "DELETE", "Untag": "DELETE"}


def iam_action(call: str) -> str:
    """The action that allows a call such as `apigatewayv2:GetApis`, named by its service in boto3."""
    service, _, name = call.partition(":")
    if service != "apigatewayv2":
        return call
    verb = next((verb for prefix, verb in _VERBS.items() if name.startswith(prefix)), name)
    return f"apigateway:{verb}"
