# Nodes for pods that find no room on the node group: EKS Auto Mode (decision 27). Its own NodeClass gives them the security
# groups of the other nodes, and a kubelet that enforces NetworkPolicies. A cluster without the NodePool has no such nodes.

resource "aws_iam_role" "auto" {
  count = var.auto_mode ? 1 : 0

  name               = "${var.name}-auto-node"
  assume_role_policy = data.aws_iam_policy_document.node_trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy_attachment" "auto" {
  for_each = var.auto_mode ? toset(["AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodeMinimalPolicy"]) : []

  role       = aws_iam_role.auto[0].name
  policy_arn = "${local.managed}/${each.key}"
}

resource "aws_eks_access_entry" "auto" {
  count = var.auto_mode ? 1 : 0

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_iam_role.auto[0].arn
  type          = "EC2"
  tags          = var.tags
}

resource "aws_eks_access_policy_association" "auto" {
  count = var.auto_mode ? 1 : 0

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_eks_access_entry.auto[0].principal_arn
  policy_arn    = "arn:${data.aws_partition.here.partition}:eks::aws:cluster-access-policy/AmazonEKSAutoNodePolicy"

  access_scope {
    type = "cluster"
  }
}

locals {
  node_class = {
    apiVersion = "eks.amazonaws.com/v1"
    kind       = "NodeClass"
    metadata   = { name = var.name }
    spec = {
      role                = one(aws_iam_role.auto[*].name)
      subnetSelectorTerms = [for subnet in var.subnet_ids : { id = subnet }]
      securityGroupSelectorTerms = [
        for group in [aws_eks_cluster.this.vpc_config[0].cluster_security_group_id, var.pod_security_group_id] : { id = group }
      ]
      # Pods without a NetworkPolicy have none; those of a Microservice have their own.
      networkPolicy    = "DefaultAllow"
      ephemeralStorage = { size = "${var.node_disk_gib}Gi" }
    }
  }

  node_pool = {
    apiVersion = "karpenter.sh/v1"
    kind       = "NodePool"
    metadata   = { name = var.name }
    spec = {
      limits = { cpu = tostring(var.auto_mode_cpus) }
      disruption = {
        consolidationPolicy = "WhenEmptyOrUnderutilized"
        consolidateAfter    = "60s"
      }
      template = {
        spec = {
          nodeClassRef = { group = "eks.amazonaws.com", kind = "NodeClass", name = var.name }
          requirements = [
            { key = "karpenter.sh/capacity-type", operator = "In", values = ["on-demand"] },
            { key = "kubernetes.io/arch", operator = "In", values = [var.ami_type == "AL2023_ARM_64_STANDARD" ? "arm64" : "amd64"] },
            { key = "eks.amazonaws.com/instance-category", operator = "In", values = ["c", "m", "r"] },
            { key = "eks.amazonaws.com/instance-cpu", operator = "In", values = ["2", "4", "8"] },
            { key = "eks.amazonaws.com/instance-generation", operator = "Gt", values = ["5"] },
          ]
        }
      }
    }
  }

  # The VPC CNI add-on writes the same value; a cluster without it would ignore NetworkPolicies on the nodes of Auto Mode.
  network_policies = {
    apiVersion = "v1"
    kind       = "ConfigMap"
    metadata   = { name = "amazon-vpc-cni", namespace = "kube-system" }
    data       = { "enable-network-policy-controller" = "true" }
  }
}
