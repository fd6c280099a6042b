output "role_arn" {
  description = "ARN of the role that workflows assume: set it as the variable AWS_ROLE_ARN of the repository's environment."
  value       = aws_iam_role.delivery.arn
}
