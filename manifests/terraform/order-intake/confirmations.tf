# The topic's events for orders of this function arrive in a queue. Its consumer confirms the orders in the table.

resource "aws_sqs_queue" "dead" {
  name                      = "${var.name}-order-confirmations-dead"
  kms_master_key_id         = var.messaging_key_arn
  message_retention_seconds = 1209600
  tags                      = var.tags
}

resource "aws_sqs_queue" "confirmations" {
  name              = "${var.name}-order-confirmations"
  kms_master_key_id = var.messaging_key_arn
  # AWS recommends six times the function's timeout, so that a message in progress is not delivered again
  visibility_timeout_seconds = 60
  message_retention_seconds  = 345600
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 5 })
  tags                       = var.tags
}

data "aws_iam_policy_document" "queue" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.confirmations.arn]

    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [var.topic_arn]
    }
  }
}

resource "aws_sqs_queue_policy" "confirmations" {
  queue_url = aws_sqs_queue.confirmations.id
  policy    = data.aws_iam_policy_document.queue.json
}

# The order service publishes to the same topic, but its orders are not in this table.
resource "aws_sns_topic_subscription" "confirmations" {
  topic_arn            = var.topic_arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.confirmations.arn
  raw_message_delivery = true
  filter_policy        = jsonencode({ source = ["order-intake"] })

  depends_on = [aws_sqs_queue_policy.confirmations]
}

resource "aws_lambda_event_source_mapping" "confirmations" {
  event_source_arn                   = aws_sqs_queue.confirmations.arn
  function_name                      = aws_lambda_function.this["confirmations"].arn
  batch_size                         = 10
  maximum_batching_window_in_seconds = 1
  function_response_types            = ["ReportBatchItemFailures"]

  # Above its maximum, SQS keeps the messages. A reserved concurrency would refuse them, which counts as a failed attempt.
  scaling_config {
    maximum_concurrency = var.confirmations_concurrency
  }

  tags = var.tags
}
