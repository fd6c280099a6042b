variable "name" {
  description = "Prefix of the names of all resources."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$", var.name))
    error_message = "name must have up to 24 lower-case letters, digits and hyphens, and must start with a letter."
  }
}

variable "messaging_key_arn" {
  description = "ARN of the KMS key for topics and queues."
  type        = string
}

variable "table_key_arns" {
  description = "ARNs of the KMS keys of tables: spec.aws.tableKeyARN of the Environments, and every key that it named before."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
}
