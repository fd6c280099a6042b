"""Reads the admin login of an instance from Secrets Manager, where RDS rotates it; each use reads it again."""

from dataclasses import dataclass, field

from ...database_connection import Login
from ...errors import Gone, NotYet
from ...facts import Reason
from ...raw_objects import json_mapping, text
from ..engine.scope import AwsScope
from ..engine.service import AwsService


@dataclass(frozen=True)
class MasterSecret:
    """The secret with an instance's admin login; two with the same ARN are equal."""

    arn: str
    scope: AwsScope = field(compare=False, repr=False)

    async def login(self) -> Login:
        """Return the current login; raises an OperatorError."""
        service = AwsService(self.scope, "secretsmanager", f"secret {self.arn}")
        try:
            answer = await service.read("GetSecretValue", SecretId=self.arn)
        except Gone:  # AWS also answers this for a secret without a current version
            raise NotYet(
                Reason.DATABASE_CREATING, f"secret {self.arn} does not exist or contains no login yet"
            ) from None
        secret = json_mapping(answer.get("SecretString"))
        login = Login(text(secret, "username"), text(secret, "password"))
        if not (login.username and login.password):
            raise NotYet(Reason.DATABASE_CREATING, f"secret {self.arn} contains no login yet")
        return login
