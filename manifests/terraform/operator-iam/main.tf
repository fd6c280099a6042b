# The operator's role. Only pods of its ServiceAccount in one EKS cluster can assume it.

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
    cluster_name             = var.cluster_name
    permissions_boundary_arn = var.permissions_boundary_arn
  }
  policy  = templatefile("${path.module}/policy.json.tftpl", local.values)
  options = toset(concat(var.restores ? ["restores"] : [], var.access_logs ? ["access-logs"] : []))
  cluster_arn = join(":", [
    "arn", data.aws_partition.here.partition, "eks", data.aws_region.here.id,
    data.aws_caller_identity.here.account_id, "cluster/${var.cluster_name}",
  ])
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]

    principals {
      type        = "Service"
      identifiers = ["pods.eks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/eks-cluster-arn"
      values   = [local.cluster_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/kubernetes-namespace"
      values   = [var.namespace]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/kubernetes-service-account"
      values   = [var.service_account]
    }
  }
}

resource "aws_iam_role" "operator" {
  name               = var.role_name
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
  policy = templatefile("${path.module}/${each.key}.json.tftpl", local.values)
  tags   = var.tags
}

resource "aws_iam_role_policy_attachment" "options" {
  for_each = aws_iam_policy.options

  role       = aws_iam_role.operator.name
  policy_arn = each.value.arn
}

data "aws_iam_policy_document" "environments" {
  statement {
    # The tags that EKS Pod Identity gives to the operator's session pass to the session of the assumed role.
    actions   = ["sts:AssumeRole", "sts:TagSession"]
    resources = var.environment_role_arns
  }
}

resource "aws_iam_role_policy" "environments" {
  count = length(var.environment_role_arns) > 0 ? 1 : 0

  name   = "environments"
  role   = aws_iam_role.operator.id
  policy = data.aws_iam_policy_document.environments.json
}

resource "aws_eks_pod_identity_association" "operator" {
  cluster_name    = var.cluster_name
  namespace       = var.namespace
  service_account = var.service_account
  role_arn        = aws_iam_role.operator.arn
  tags            = var.tags
}
