# Creates a cluster with nodes in the private subnets. Its API is private unless public_access_cidrs is set.

resource "aws_cloudwatch_log_group" "control_plane" {
  name              = "/aws/eks/${var.name}/cluster"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_eks_cluster" "this" {
  # checkov:skip=CKV_AWS_37:control_plane_logs has those that tell who did what; the others are most of the volume and cost
  # checkov:skip=CKV_AWS_339:its list of versions ends before 1.36
  # checkov:skip=CKV_AWS_38:public only for the networks in public_access_cidrs, which cannot be the whole Internet
  name                          = var.name
  version                       = var.kubernetes_version
  role_arn                      = aws_iam_role.cluster.arn
  bootstrap_self_managed_addons = false
  enabled_cluster_log_types     = var.control_plane_logs
  tags                          = var.tags

  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = var.creator_is_administrator
  }

  encryption_config {
    resources = ["secrets"]

    provider {
      key_arn = var.kms_key_arn
    }
  }

  vpc_config {
    subnet_ids              = var.subnet_ids
    endpoint_private_access = true
    endpoint_public_access  = length(var.public_access_cidrs) > 0
    public_access_cidrs     = var.public_access_cidrs
  }

  # Extended support costs six times the price of the cluster. Without it, EKS upgrades a version at the end of its support.
  upgrade_policy {
    support_type = var.support_type
  }

  # EKS Auto Mode is on or off for all three. It starts nodes only for a NodePool: see auto-mode.tf.
  compute_config {
    enabled = var.auto_mode
  }

  kubernetes_network_config {
    elastic_load_balancing {
      enabled = var.auto_mode
    }
  }

  storage_config {
    block_storage {
      enabled = var.auto_mode
    }
  }

  depends_on = [aws_cloudwatch_log_group.control_plane, aws_iam_role_policy_attachment.cluster]
}

resource "aws_eks_addon" "before_nodes" {
  for_each = toset(["eks-pod-identity-agent", "kube-proxy", "vpc-cni"])

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = lookup(var.addon_versions, each.key, null)
  resolve_conflicts_on_update = "OVERWRITE"
  # Enforces the NetworkPolicies that the operator creates.
  configuration_values = each.key == "vpc-cni" ? jsonencode({ enableNetworkPolicy = "true" }) : null
  tags                 = var.tags
}

# They run on nodes, so they become healthy only after nodes exist. HorizontalPodAutoscalers read their metrics from the
# metrics-server.
resource "aws_eks_addon" "on_nodes" {
  for_each = toset(["coredns", "metrics-server"])

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = lookup(var.addon_versions, each.key, null)
  resolve_conflicts_on_update = "OVERWRITE"
  tags                        = var.tags

  depends_on = [aws_eks_node_group.this]
}

moved {
  from = aws_eks_addon.coredns
  to   = aws_eks_addon.on_nodes["coredns"]
}

# For workloads that use IRSA. The operator uses Pod Identity.
resource "aws_iam_openid_connect_provider" "this" {
  url            = aws_eks_cluster.this.identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]
  tags           = var.tags
}
