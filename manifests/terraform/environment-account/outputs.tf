output "role_arn" {
  description = "ARN of the role, for spec.aws.roleARN of the Environment and environment_role_arns of operator-iam."
  value       = aws_iam_role.operator.arn
}
