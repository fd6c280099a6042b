output "role_arn" {
  description = "Role that workflows take: the variable AWS_ROLE_ARN of the repository's environment."
  value       = aws_iam_role.delivery.arn
}
