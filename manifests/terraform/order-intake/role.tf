data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

# Each function may make only the calls that it needs.
locals {
  rights = {
    intake = [
      { sid = "Orders", actions = ["dynamodb:PutItem"], resources = [aws_dynamodb_table.orders.arn] },
      {
        sid       = "Idempotency"
        actions   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
        resources = [aws_dynamodb_table.idempotency.arn]
      },
      { sid = "Topic", actions = ["sns:Publish"], resources = [var.topic_arn] },
    ]
    confirmations = [
      { sid = "Orders", actions = ["dynamodb:UpdateItem"], resources = [aws_dynamodb_table.orders.arn] },
      {
        sid       = "Queue"
        actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        resources = [aws_sqs_queue.confirmations.arn]
      },
    ]
  }
}

data "aws_iam_policy_document" "function" {
  # checkov:skip=CKV_AWS_111:X-Ray supports no resource restriction for writing traces
  # checkov:skip=CKV_AWS_356:as above
  for_each = local.functions

  dynamic "statement" {
    for_each = local.rights[each.key]

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function[each.key].arn}:*"]
  }

  statement {
    sid       = "Traces"
    actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
  }

  statement {
    sid       = "Keys"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn, var.messaging_key_arn]
  }
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name               = "${var.name}-order-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name   = "order-${each.key}"
  role   = aws_iam_role.function[each.key].id
  policy = data.aws_iam_policy_document.function[each.key].json
}
