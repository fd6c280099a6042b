# The role that the operator assumes in another account. Apply it with the credentials of that account.

data "aws_caller_identity" "here" {}

data "aws_partition" "here" {}

data "aws_region" "here" {}

locals {
  # Generated from the table of the operator's calls; a test checks that it is up to date.
  values = {
    partition                = data.aws_partition.here.partition
    region                   = data.aws_region.here.id
    account_id               = data.aws_caller_identity.here.account_id
    cluster_id               = var.cluster_id
    cluster_name             = "-" # no cluster has this name: Pod Identity does not work across accounts
    permissions_boundary_arn = var.permissions_boundary_arn
  }
  policy  = templatefile("${path.module}/../operator-iam/policy.json.tftpl", local.values)
  options = toset(concat(var.restores ? ["restores"] : [], var.access_logs ? ["access-logs"] : []))
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.operator_role_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.external_id]
    }
  }

  # The tags that EKS Pod Identity gives to the operator's session pass to the session of this role.
  statement {
    actions = ["sts:TagSession"]

    principals {
      type        = "AWS"
      identifiers = [var.operator_role_arn]
    }
  }
}

resource "aws_iam_role" "operator" {
  name               = var.role_name
  description        = "Assumed by the Microservice operator of another account"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "operator" {
  name   = "operator"
  role   = aws_iam_role.operator.id
  policy = local.policy
}

# Separate policies: all inline policies of a role together may have 10,240 characters.
resource "aws_iam_policy" "options" {
  for_each = local.options

  name   = "${var.role_name}-${each.key}"
  policy = templatefile("${path.module}/../operator-iam/${each.key}.json.tftpl", local.values)
  tags   = var.tags
}

resource "aws_iam_role_policy_attachment" "options" {
  for_each = aws_iam_policy.options

  role       = aws_iam_role.operator.name
  policy_arn = each.value.arn
}
