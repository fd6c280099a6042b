output "cluster_name" {
  description = "Name of the cluster: spec.aws.identity.clusterName of the Environment."
  value       = aws_eks_cluster.this.name

  # Who uses the name makes associations, which need the agent.
  depends_on = [aws_eks_addon.before_nodes]
}

output "endpoint" {
  description = "Address of the cluster's API."
  value       = aws_eks_cluster.this.endpoint
}

output "certificate_authority" {
  description = "Certificate of the cluster's API, in base64."
  value       = aws_eks_cluster.this.certificate_authority[0].data
}

output "oidc_provider_arn" {
  description = "IAM OIDC provider of the cluster: spec.aws.identity.oidcProviderARN where identity.type is IRSA."
  value       = aws_iam_openid_connect_provider.this.arn
}

output "cluster_security_group_id" {
  description = "Security group that EKS made for nodes and control plane."
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}
