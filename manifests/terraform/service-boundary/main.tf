# The maximum permissions of any service's role, whatever its policy grants: data of this account and region, no administration.

data "aws_caller_identity" "here" {}

data "aws_partition" "here" {}

data "aws_region" "here" {}

locals {
  partition = data.aws_partition.here.partition
  place     = "${data.aws_region.here.id}:${data.aws_caller_identity.here.account_id}"
}

data "aws_iam_policy_document" "boundary" {
  # The complete list of actions that the operator can grant. `microservice-operator explain` shows them for a service.
  statement {
    sid = "Tables"
    actions = [
      "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem",
      "dynamodb:DescribeStream", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:GetRecords",
      "dynamodb:GetShardIterator", "dynamodb:PartiQLDelete", "dynamodb:PartiQLInsert", "dynamodb:PartiQLSelect",
      "dynamodb:PartiQLUpdate", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem",
    ]
    resources = ["arn:${local.partition}:dynamodb:${local.place}:table/*"]
  }

  statement {
    sid       = "Topics"
    actions   = ["sns:Publish"]
    resources = ["arn:${local.partition}:sns:${local.place}:*"]
  }

  statement {
    sid = "Queues"
    actions = [
      "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage",
      "sqs:SendMessage",
    ]
    resources = ["arn:${local.partition}:sqs:${local.place}:*"]
  }

  statement {
    sid       = "Keys"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.messaging_key_arn]
  }

  dynamic "statement" {
    for_each = length(var.table_key_arns) > 0 ? [1] : []

    content {
      sid = "TableKeys"
      actions = [
        "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom", "kms:ReEncryptTo",
      ]
      resources = var.table_key_arns

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["dynamodb.${data.aws_region.here.id}.${data.aws_partition.here.dns_suffix}"]
      }
    }
  }
}

resource "aws_iam_policy" "boundary" {
  name        = "${var.name}-service-boundary"
  description = "Permissions boundary of the roles that the operator creates for services"
  policy      = data.aws_iam_policy_document.boundary.json
  tags        = var.tags

  lifecycle {
    # AWS cannot change it: an existing policy would be replaced.
    ignore_changes = [description]
  }
}
