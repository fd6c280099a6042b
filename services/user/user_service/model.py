"""Users as they travel over HTTP, with the limits that the table has."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

# An address is proven by a mail to it, not by a pattern: this one only keeps out what cannot be one.
# No control characters: PostgreSQL cannot store the first of them, and nobody's name has one.
_CONTROL = r"\x00-\x1f\x7f-\x9f"
Email = Annotated[
    str, StringConstraints(max_length=254, pattern=rf"^[^@\s{_CONTROL}]+@[^@\s{_CONTROL}]+\.[^@\s{_CONTROL}]+$")
]
Name = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=100, pattern=rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$"
    ),
]


class NewUser(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: Email
    name: Name


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default")


_left_out: Any = Field(default=None, json_schema_extra=_without_default)


class UserChange(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    # Not nullable: a user always has both. None only stands for "left out".
    email: Email = _left_out
    name: Name = _left_out

    @model_validator(mode="after")
    def _something(self) -> "UserChange":
        if not self.model_fields_set:
            raise ValueError("there is nothing to change in it; name a field")
        return self


class User(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    user_id: UUID
    email: str
    name: str
    created_at: datetime
    version: int = Field(exclude=True)
    """Grows with each change; travels as ETag."""
