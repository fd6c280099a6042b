# Lets GitHub workflows push images without access keys, from a protected environment of one repository.

data "aws_partition" "here" {}

locals {
  issuer = "token.actions.githubusercontent.com"
  # GitHub writes ids into the subjects of repositories that were created or renamed after 15 July 2026, and only names into
  # those of older ones.
  subjects = concat([var.repository], var.repository_ids == null ? [] : [
    join("/", [
      "${split("/", var.repository)[0]}@${var.repository_ids.owner}",
      "${split("/", var.repository)[1]}@${var.repository_ids.repository}",
    ])
  ])

  provider_arn = var.oidc_provider_arn != null ? var.oidc_provider_arn : one(aws_iam_openid_connect_provider.github[*].arn)
}

# An account can have only one provider for each issuer.
resource "aws_iam_openid_connect_provider" "github" {
  count = var.oidc_provider_arn == null ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
  tags           = var.tags
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }

    # The environment instead of the branch: its rules define the approvers and the allowed branches.
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = [for pair in setproduct(local.subjects, var.environments) : "repo:${pair[0]}:environment:${pair[1]}"]
    }

    # A name can pass to somebody else, and an id cannot. IAM has no condition key for the owner's id: the subject contains it.
    dynamic "condition" {
      for_each = var.repository_ids[*]

      content {
        test     = "StringEquals"
        variable = "${local.issuer}:repository_id"
        values   = [condition.value.repository]
      }
    }
  }
}

data "aws_iam_policy_document" "push" {
  statement {
    sid       = "LogIn"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"] # ECR supports no resource restriction for this action
  }

  statement {
    sid = "Push"
    actions = [
      "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImageScanFindings",
      "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
    ]
    resources = var.repository_arns
  }
}

resource "aws_iam_role" "delivery" {
  name                 = "${var.name}-delivery"
  description          = "Workflows of ${var.repository} use it to push images"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 3600
  tags                 = var.tags
}

resource "aws_iam_role_policy" "push" {
  name   = "push"
  role   = aws_iam_role.delivery.id
  policy = data.aws_iam_policy_document.push.json
}
