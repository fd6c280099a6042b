"""The admin login of an instance, which RDS keeps in Secrets Manager and renews by itself; read at need, never kept."""

from dataclasses import dataclass, field

from ...database_connection import Login
from ...errors import Gone, NotYet
from ...facts import Reason
from ...raw_objects import json_mapping, text
from ..engine.scope import AwsScope
from ..engine.service import AwsService


@dataclass(frozen=True)
class MasterSecret:
    """Where an instance's admin login is; two of the same ARN are the same."""

    arn: str
    scope: AwsScope = field(compare=False, repr=False)

    async def login(self) -> Login:
        """The login as it is now; raises an OperatorError."""
        door = AwsService(self.scope, "secretsmanager", f"secret {self.arn}")
        try:
            answer = await door.read("GetSecretValue", SecretId=self.arn)
        except Gone:  # also said of one that has no current version yet
            raise NotYet(Reason.DATABASE_CREATING, f"secret {self.arn} is not there, or holds no login yet") from None
        found = json_mapping(answer.get("SecretString"))
        login = Login(text(found, "username"), text(found, "password"))
        if not (login.username and login.password):
            raise NotYet(Reason.DATABASE_CREATING, f"secret {self.arn} holds no login yet")
        return login
