"""Users of the HTTP API, with the limits of the table."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from shop_shared.field_types import VISIBLE, Matching

# Only a message to an address proves that it exists. The pattern rejects strings that cannot be one.
_PART = r"[^@\s\x00-\x1f\x7f-\x9f]+"
ADDRESS = Matching(rf"^{_PART}@{_PART}\.{_PART}$", "must be an e-mail address, like ada@example.com")
Email = Annotated[str, StringConstraints(max_length=254), ADDRESS]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), VISIBLE]


class NewUser(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: Email
    name: Name


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default")


_optional: Any = Field(default=None, json_schema_extra=_without_default)


class UserChange(BaseModel):
    """The fields to change. Omitted fields keep their values."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    # Not nullable: a user always has both. None means "omitted".
    email: Email = _optional
    name: Name = _optional

    @model_validator(mode="after")
    def _not_empty(self) -> "UserChange":
        if not self.model_fields_set:
            raise ValueError("the change is empty; set at least one field")
        return self


class User(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    user_id: UUID
    email: str
    name: str
    created_at: datetime
    subject: str | None = Field(
        description="`sub` of the owner's tokens; null for a user from before there were owners"
    )
    version: int = Field(exclude=True)
    """Increases with each change. The API shows it as the ETag."""
