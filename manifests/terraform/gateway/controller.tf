# The role of the AWS Load Balancer Controller. It only registers pods in target groups and creates no load balancers.

data "aws_caller_identity" "here" {}

data "aws_partition" "here" {}

data "aws_region" "here" {}

data "aws_iam_policy_document" "controller_trust" {
  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]

    principals {
      type        = "Service"
      identifiers = ["pods.eks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.here.account_id]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values = [join(":", [
        "arn", data.aws_partition.here.partition, "eks", data.aws_region.here.id,
        data.aws_caller_identity.here.account_id, "cluster/${var.cluster_name}",
      ])]
    }
  }
}

data "aws_iam_policy_document" "controller" {
  # checkov:skip=CKV_AWS_356:the Describe actions support no resource restriction
  statement {
    sid = "Look"
    actions = [
      "ec2:DescribeAvailabilityZones", "ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets", "ec2:DescribeVpcs", "elasticloadbalancing:DescribeTargetGroups",
      "elasticloadbalancing:DescribeTargetHealth",
    ]
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = length(var.services) > 0 ? [1] : []

    content {
      sid       = "Register"
      actions   = ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"]
      resources = [for group in aws_lb_target_group.service : group.arn]
    }
  }
}

resource "aws_iam_role" "controller" {
  name               = "${var.name}-target-groups"
  assume_role_policy = data.aws_iam_policy_document.controller_trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "controller" {
  name   = "register"
  role   = aws_iam_role.controller.id
  policy = data.aws_iam_policy_document.controller.json
}

resource "aws_eks_pod_identity_association" "controller" {
  cluster_name    = var.cluster_name
  namespace       = "kube-system"
  service_account = "aws-load-balancer-controller"
  role_arn        = aws_iam_role.controller.arn
  tags            = var.tags
}
