# Sends the logs of all pods to the CloudWatch log group `application`. The add-on writes to four groups, and creates those that
# are missing without retention and without a key, so they exist before it.

resource "aws_cloudwatch_log_group" "pods" {
  for_each = toset(["application", "dataplane", "host", "performance"])

  name              = "/aws/containerinsights/${var.name}/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

locals {
  # The add-on's own default measures every container and instruments every service.
  collector = {
    agent = {
      config = { logs = { metrics_collected = { kubernetes = { enhanced_container_insights = false } } } }
    }
    manager = { applicationSignals = { autoMonitor = { monitorAllServices = false } } }
  }
}

resource "aws_eks_addon" "observability" {
  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = "amazon-cloudwatch-observability"
  addon_version               = lookup(var.addon_versions, "amazon-cloudwatch-observability", null)
  resolve_conflicts_on_update = "OVERWRITE"
  configuration_values        = var.container_insights ? null : jsonencode(local.collector)
  tags                        = var.tags

  depends_on = [aws_cloudwatch_log_group.pods, aws_eks_node_group.this, aws_eks_pod_identity_association.observability]
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
