output "environment" {
  description = "Manifest of the Environment: terraform output -raw environment | kubectl apply --server-side -f -"
  value       = module.environment.manifest
}

output "node_pool" {
  description = "Manifests that let EKS Auto Mode start nodes: terraform output -raw node_pool | kubectl apply --server-side -f -"
  value       = module.eks.node_pool
}

output "cluster_name" {
  description = "Name of the cluster: aws eks update-kubeconfig --name NAME"
  value       = module.eks.cluster_name
}

output "load_balancer_controller_values" {
  description = "Helm values of the AWS Load Balancer Controller: terraform output -raw load_balancer_controller_values >values.yaml"
  value       = module.gateway.controller_values
}

output "target_group_bindings" {
  description = "TargetGroupBindings that register pods: terraform output -raw target_group_bindings | kubectl apply --server-side -f -"
  value       = module.gateway.target_group_bindings
}

output "auth" {
  description = "Issuer and audiences of the tokens that the routes require. The audience of Cognito is the id of the client."
  value       = local.auth
}

output "user_pool_id" {
  description = "ID of the Cognito user pool, after identity is set."
  value       = one(module.identity[*].user_pool_id)
}

output "repository_urls" {
  description = "Repository URLs of the images. Set the part before the first slash as the variable ECR_REGISTRY of the repository's environment."
  value       = module.ecr.repository_urls
}

output "delivery_role_arn" {
  description = "ARN of the delivery role: set it as the variable AWS_ROLE_ARN of the repository's environment."
  value       = module.delivery_role.role_arn
}

output "operator_role_arn" {
  description = "ARN of the operator's role, after cluster_id is set."
  value       = one(module.operator_iam[*].role_arn)
}

output "second_account_role_arn" {
  description = "ARN of the role in the second account, for spec.aws.roleARN of its Environments. Their spec.aws.externalID is cluster_id."
  value       = one(module.environment_account[*].role_arn)
}

output "order_intake_endpoint" {
  description = "URL for POST /orders, after order_intake is set."
  value       = one(module.order_intake[*].endpoint)
}

output "url" {
  description = "Address of the API by its own name, after domain is set."
  value       = one(module.domain[*].url)
}
