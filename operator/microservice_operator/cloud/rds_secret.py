"""The admin login of an instance, which RDS keeps in Secrets Manager and renews by itself; read at need, never kept."""

import json
from dataclasses import dataclass, field

from ..connections import Login
from ..errors import NotYet
from ..facts import Reason
from .door import Door
from .place import Place


@dataclass(frozen=True)
class MasterSecret:
    """Where an instance's admin login is; two of the same ARN are the same."""

    arn: str
    place: Place = field(compare=False, repr=False)

    async def login(self) -> Login:
        """The login as it is now; raises an OperatorError."""
        door = Door(self.place, "secretsmanager", f"secret {self.arn}")
        answer = await door.read("GetSecretValue", SecretId=self.arn)
        try:
            found = json.loads(answer["SecretString"])
            return Login(found["username"], found["password"])
        except (KeyError, ValueError):
            message = f"secret {self.arn} holds no login yet"
            raise NotYet(Reason.DATABASE_CREATING, message) from None
