"""Maps AWS errors to ours, which are named after what happens next.

Codes are those of "Common Error Types", "Error handling with DynamoDB" and the API References in the AWS documents.
A message never contains a request id or a count: the same error gives the same message.
"""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError

from ...errors import Gone, NeedsPerson, NotYet, OperatorError
from ...facts import Reason
from .iam_actions import iam_action

_THROTTLED = {
    "BandwidthLimitExceeded",
    "KMSThrottling",
    "KmsThrottled",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttled",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_UNDER_WAY = {
    "BackupInUseException",
    "ConcurrentAccess",
    "ConcurrentModification",
    "ConcurrentModificationException",
    "ConcurrentUpdateException",
    "ConflictException",
    "ContinuousBackupsUnavailableException",
    "DBInstanceAlreadyExists",
    "DBParameterGroupAlreadyExists",
    "DBSnapshotAlreadyExists",
    "DBSubnetGroupAlreadyExists",
    "DependencyViolation",
    "EntityAlreadyExists",
    "EntityTemporarilyUnmodifiable",
    "InvalidDBInstanceState",
    "InvalidDBParameterGroupState",
    "InvalidDBSnapshotState",
    "InvalidDBSubnetGroupStateFault",
    "InvalidDBSubnetStateFault",
    "InvalidGroup.Duplicate",
    "InvalidPermission.Duplicate",
    "InvalidPermission.NotFound",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "QueueAlreadyExists",
    "QueueDeletedRecently",
    "QueueNameExists",
    "ResourceInUseException",
    "StaleTag",
    "TableAlreadyExistsException",
    "TableInUseException",
}
# They resolve without a person, but not soon: capacity of AWS, the state of a network or of a cluster.
_LATER = {
    ("eks", "InvalidRequestException"),
    ("rds", "DBUpgradeDependencyFailure"),
    ("rds", "InsufficientDBInstanceCapacity"),
    ("rds", "InvalidVPCNetworkStateFault"),
}
DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "IDPRejectedClaim",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidIdentityToken",
    "InvalidSecurity",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_ABSENT = {
    "BackupNotFoundException",
    "DBInstanceAutomatedBackupNotFound",
    "DBInstanceNotFound",
    "DBParameterGroupNotFound",
    "DBSnapshotNotFound",
    "DBSubnetGroupNotFoundFault",
    "InvalidGroup.NotFound",
    "NoSuchEntity",
    "NonExistentQueue",
    "NotFound",
    "QueueDoesNotExist",
    "NotFoundException",
    "ObjectNotFoundException",
    "ResourceNotFound",
    "ResourceNotFoundException",
    "TableNotFoundException",
}
_TOO_MANY, _SERVER = 429, 500
# STS could not reach the issuer of a token, which has status 400; Application Auto Scaling declares no status.
_UNAVAILABLE = {"IDPCommunicationError", "InternalServiceException"}


AWSError = (ClientError, BotoCoreError, ResponseParserError)  # the last: an answer that does not come from AWS


def classify_error(error: ClientError | BotoCoreError | ResponseParserError, action: str, target: str) -> OperatorError:
    """Return our error for an AWS error; `action` is for example `dynamodb:CreateTable`, `target` the resource."""
    if isinstance(error, ClientError):
        return _classify_response(error, action, target)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return NeedsPerson(
            Reason.ACCESS_DENIED,
            f"{action} on {target}: no AWS credentials were found; provide them where the AWS SDK looks for them",
        )
    if isinstance(error, ParamValidationError):
        return NeedsPerson(Reason.REJECTED, f"{action} on {target} is malformed: {one_line(str(error))}")
    return NotYet(Reason.AWS_UNAVAILABLE, f"AWS does not answer {action} on {target}: {type(error).__name__}", 10)


def _classify_response(error: ClientError, action: str, target: str) -> OperatorError:
    code = error.response.get("Error", {}).get("Code", "Unknown").removeprefix("AWS.SimpleQueueService.")
    message = one_line(error.response.get("Error", {}).get("Message")) or code
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _ABSENT:
        return Gone(f"{target} does not exist")
    if code == "ConflictException" and status == _TOO_MANY:  # API Gateway: anomalyco/sst#4522
        what = f"{action} on {target} exceeds a quota; raise the quota in AWS, or remove others: {message}"
        return NeedsPerson(Reason.QUOTA_EXCEEDED, what)
    return _not_yet(error, code, action, target) or _needs_person(code, message, action, target)


def _not_yet(error: ClientError, code: str, action: str, target: str) -> NotYet | None:
    """Return the error of a refusal that resolves without a person."""
    message = one_line(error.response.get("Error", {}).get("Message")) or code
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _THROTTLED or status == _TOO_MANY:
        return NotYet(Reason.AWS_THROTTLED, f"AWS throttles {action}", 5)
    if status >= _SERVER or code in _UNAVAILABLE:
        return NotYet(Reason.AWS_UNAVAILABLE, f"AWS failed to run {action} on {target}: {code}", 10)
    if code in _UNDER_WAY:
        return NotYet(Reason.PROGRESSING, f"AWS is not ready for {action} on {target}: {message}", 5)
    if (action.partition(":")[0], code) in _LATER:
        return NotYet(Reason.REJECTED, f"AWS cannot run {action} on {target} now: {message}; retried automatically", 60)
    return None


def _needs_person(code: str, message: str, action: str, target: str) -> NeedsPerson:
    act = f"{action} on {target}"
    if code in DENIED:
        right = iam_action(action)
        what = "it" if right == action else right
        return NeedsPerson(Reason.ACCESS_DENIED, f"{act} is denied; allow {what} to the operator's role: {message}")
    if code in _CREDENTIALS:
        return NeedsPerson(Reason.ACCESS_DENIED, f"{act}: AWS refuses the credentials: {code}; replace them")
    return NeedsPerson(Reason.REJECTED, f"AWS rejects {act}: {message}")


def one_line(text: str | None) -> str:
    """Return AWS's text as a part of a message; botocore reads an empty element of XML as None."""
    return " ".join((text or "").split()).rstrip(".")
