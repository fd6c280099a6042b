output "cluster_name" {
  description = "Name of the cluster, for spec.aws.identity.clusterName of the Environment."
  value       = aws_eks_cluster.this.name

  # Users of this output create Pod Identity associations, which need the agent.
  depends_on = [aws_eks_addon.before_nodes]
}

output "endpoint" {
  description = "URL of the cluster's API server."
  value       = aws_eks_cluster.this.endpoint
}

output "pod_log_group" {
  description = "Log group with the logs of all pods."
  value       = aws_cloudwatch_log_group.pods["application"].name
}

output "certificate_authority" {
  description = "CA certificate of the cluster's API server, base64-encoded."
  value       = aws_eks_cluster.this.certificate_authority[0].data
}

output "node_pool" {
  description = "Manifests that let EKS Auto Mode start nodes: terraform output -raw node_pool | kubectl apply --server-side -f -"
  value = var.auto_mode ? join("---\n", [
    for each in [local.network_policies, local.node_class, local.node_pool] : yamlencode(each)
  ]) : null

  depends_on = [aws_eks_access_policy_association.auto, aws_iam_role_policy_attachment.auto]
}

output "oidc_provider_arn" {
  description = "ARN of the cluster's IAM OIDC provider, for spec.aws.identity.oidcProviderARN if identity.type is IRSA."
  value       = aws_iam_openid_connect_provider.this.arn
}

output "cluster_security_group_id" {
  description = "Security group that EKS created for nodes and control plane."
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}
