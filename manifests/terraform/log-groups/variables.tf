variable "names" {
  description = "Names of the log groups."
  type        = set(string)

  validation {
    condition     = alltrue([for name in var.names : can(regex("^[A-Za-z0-9._/#-]{1,512}$", name))])
    error_message = "names contains an invalid log group name."
  }
}

variable "error_metrics" {
  description = "Log group of each service, by service name. The metric Errors-SERVICE in the namespace Shop counts its log lines of level error."
  type        = map(string)
  default     = {}
}

variable "kms_key_arn" {
  description = "ARN of the KMS key for encryption at rest."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, not of an alias."
  }
}

variable "log_retention_days" {
  description = "Retention of logs, in days."
  type        = number
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a retention period that CloudWatch supports, at least 30, such as 90 or 365."
  }
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
}
