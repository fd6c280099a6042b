# Sends the logs of all pods to the CloudWatch log group `application` of log-groups.

resource "aws_eks_addon" "observability" {
  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = "amazon-cloudwatch-observability"
  addon_version               = lookup(var.addon_versions, "amazon-cloudwatch-observability", null)
  resolve_conflicts_on_update = "OVERWRITE"
  tags                        = var.tags

  depends_on = [aws_eks_node_group.this, aws_eks_pod_identity_association.observability]
}

data "aws_caller_identity" "here" {}

data "aws_iam_policy_document" "pods_trust" {
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
      values   = [aws_eks_cluster.this.arn]
    }
  }
}

resource "aws_iam_role" "observability" {
  name               = "${var.name}-observability"
  assume_role_policy = data.aws_iam_policy_document.pods_trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy_attachment" "observability" {
  role       = aws_iam_role.observability.name
  policy_arn = "${local.managed}/CloudWatchAgentServerPolicy"
}

resource "aws_eks_pod_identity_association" "observability" {
  cluster_name    = aws_eks_cluster.this.name
  namespace       = "amazon-cloudwatch"
  service_account = "cloudwatch-agent"
  role_arn        = aws_iam_role.observability.arn
  tags            = var.tags

  depends_on = [aws_iam_role_policy_attachment.observability]
}
