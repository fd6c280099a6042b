# Lets GitHub workflows push images without access keys, from a protected environment of one repository.

data "aws_partition" "here" {}

locals {
  issuer       = "token.actions.githubusercontent.com"
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
      values   = [for environment in var.environments : "repo:${var.repository}:environment:${environment}"]
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
