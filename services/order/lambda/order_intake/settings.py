"""The function's environment variables, read once for each execution environment."""

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass


@dataclass(frozen=True, config=ConfigDict(extra="ignore", hide_input_in_errors=True))
class Settings:
    """boto3 reads the region and the credentials itself."""

    orders_table: str = Field(validation_alias="ORDERS_TABLE")
    idempotency_table: str = Field(validation_alias="IDEMPOTENCY_TABLE")
    topic_arn: str = Field(validation_alias="ORDER_CREATED_TOPIC_ARN", pattern="^arn:[a-z-]+:sns:")


def load(environment: dict[str, str]) -> Settings:
    return TypeAdapter(Settings).validate_python(environment)
