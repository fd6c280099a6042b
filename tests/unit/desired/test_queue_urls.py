"""The URL of a queue, from its ARN."""

import pytest

from microservice_operator.desired.queue_urls import queue_url


@pytest.mark.parametrize(
    ("arn", "endpoint", "url"),
    [
        ("arn:aws:sqs:eu-west-1:1:q", None, "https://sqs.eu-west-1.amazonaws.com/1/q"),
        ("arn:aws-us-gov:sqs:us-gov-west-1:1:q", None, "https://sqs.us-gov-west-1.amazonaws.com/1/q"),
        ("arn:aws-cn:sqs:cn-north-1:1:q.fifo", None, "https://sqs.cn-north-1.amazonaws.com.cn/1/q.fifo"),
        ("arn:aws-eusc:sqs:eusc-de-east-1:1:q", None, "https://sqs.eusc-de-east-1.amazonaws.eu/1/q"),
        ("arn:aws:sqs:eu-west-1:1:q", "http://moto:5000", "http://moto:5000/1/q"),
    ],
)
def test_queue_url(arn: str, endpoint: str | None, url: str) -> None:
    assert queue_url(arn, endpoint) == url
