output "policy_arn" {
  description = "ARN of the boundary, for spec.aws.permissionsBoundaryARN of the Environment and permissions_boundary_arn of operator-iam."
  value       = aws_iam_policy.boundary.arn
}
