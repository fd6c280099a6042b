output "environment" {
  description = "The Environment: terraform output -raw environment | kubectl apply --server-side -f -"
  value       = module.environment.manifest
}

output "target_group_bindings" {
  description = "What brings pods behind the load balancer: terraform output -raw target_group_bindings | kubectl apply --server-side -f -"
  value       = module.gateway.target_group_bindings
}

output "repository_urls" {
  description = "Where images are pushed: the variable ECR_REGISTRY of the repository's environment is the part before the first slash."
  value       = module.ecr.repository_urls
}

output "delivery_role_arn" {
  description = "The variable AWS_ROLE_ARN of the repository's environment."
  value       = module.delivery_role.role_arn
}

output "operator_role_arn" {
  description = "The operator's role, once cluster_id is given."
  value       = one(module.operator_iam[*].role_arn)
}

output "order_intake_endpoint" {
  description = "Address that takes POST /orders, once order_intake is given."
  value       = one(module.order_intake[*].endpoint)
}
