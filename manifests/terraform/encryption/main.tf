# Creates two KMS keys: one for encryption at rest, and one that SNS may use to deliver messages to queues.

data "aws_caller_identity" "here" {}

data "aws_partition" "here" {}

data "aws_region" "here" {}

locals {
  account = "arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.here.account_id}:root"
  logs    = "logs.${data.aws_region.here.id}.${data.aws_partition.here.dns_suffix}"
  log_groups = join(":", [
    "arn", data.aws_partition.here.partition, "logs", data.aws_region.here.id,
    data.aws_caller_identity.here.account_id, "log-group", "*",
  ])
}

data "aws_iam_policy_document" "platform" {
  # checkov:skip=CKV_AWS_109:this is a key policy; IAM policies of the account define who may manage the key
  # checkov:skip=CKV_AWS_111:as above
  # checkov:skip=CKV_AWS_356:in a key policy, "*" means this key
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.account]
    }
  }

  statement {
    sid       = "LogGroups"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = [local.logs]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = [local.log_groups]
    }
  }

  statement {
    sid       = "Alarms"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.here.account_id]
    }
  }
}

data "aws_iam_policy_document" "messaging" {
  # checkov:skip=CKV_AWS_109:this is a key policy; IAM policies of the account define who may manage the key
  # checkov:skip=CKV_AWS_111:as above
  # checkov:skip=CKV_AWS_356:in a key policy, "*" means this key
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.account]
    }
  }

  statement {
    sid       = "TopicsToQueues"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.here.account_id]
    }
  }
}

resource "aws_kms_key" "platform" {
  description             = "${var.name}: secrets of the cluster, logs, tables, functions"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.platform.json
  tags                    = var.tags
}

resource "aws_kms_alias" "platform" {
  name          = "alias/${var.name}-platform"
  target_key_id = aws_kms_key.platform.key_id
}

resource "aws_kms_key" "messaging" {
  description             = "${var.name}: topics and queues"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.messaging.json
  tags                    = var.tags
}

resource "aws_kms_alias" "messaging" {
  name          = "alias/${var.name}-messaging"
  target_key_id = aws_kms_key.messaging.key_id
}
