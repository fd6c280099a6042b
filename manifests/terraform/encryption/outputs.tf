output "platform_key_arn" {
  description = "ARN of the key for secrets of the cluster, logs, tables and functions."
  value       = aws_kms_key.platform.arn
}

output "messaging_key_arn" {
  description = "ARN of the key for topics and queues, for spec.aws.messagingKeyARN of the Environment."
  value       = aws_kms_key.messaging.arn
}
