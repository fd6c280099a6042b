variable "name" {
  description = "Prefix of the names of all resources."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$", var.name))
    error_message = "name must have up to 24 lower-case letters, digits and hyphens, and must start with a letter."
  }
}

variable "package" {
  description = "Path of the functions' zip file. `make lambda` builds it."
  type        = string

  validation {
    condition     = endswith(var.package, ".zip") && fileexists(var.package)
    error_message = "package must be an existing zip file; build it with make lambda."
  }
}

variable "runtime" {
  description = "Lambda runtime of the functions."
  type        = string
  default     = "python3.13"

  validation {
    condition     = can(regex("^python3\\.1[1-9]$", var.runtime))
    error_message = "runtime must be python3.11 or newer."
  }
}

variable "architecture" {
  description = "Architecture that the package was built for."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture must be x86_64 or arm64."
  }
}

variable "topic_arn" {
  description = "ARN of the topic order-created, from status.resources of the Microservice order."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.topic_arn))
    error_message = "topic_arn must be the ARN of a standard topic."
  }
}

variable "messaging_key_arn" {
  description = "ARN of the KMS key of the topic."
  type        = string
}

variable "jwt" {
  description = "Issuer and audiences of accepted tokens."
  type        = object({ issuer = string, audiences = list(string) })

  validation {
    condition     = startswith(var.jwt.issuer, "https://") && length(var.jwt.audiences) > 0
    error_message = "jwt must have an issuer that starts with https:// and at least one audience."
  }
}

variable "concurrency" {
  description = "Number of concurrent requests that Lambda reserves for the function, and its maximum; API Gateway answers 503 above it. If null, it shares the concurrency of the account: Lambda refuses to reserve from the last 100, and a new account often has only 10."
  type        = number
  default     = null

  validation {
    condition     = var.concurrency == null ? true : var.concurrency >= 1
    error_message = "concurrency must be at least 1; 0 would reject every order."
  }
}

variable "confirmations_concurrency" {
  description = "Maximum number of concurrent batches of confirmations."
  type        = number
  default     = 5

  validation {
    condition     = var.confirmations_concurrency >= 2 && var.confirmations_concurrency <= 1000
    error_message = "confirmations_concurrency must be from 2 to 1000, the limits of Lambda."
  }
}

variable "requests_per_second" {
  description = "Maximum requests per second, with bursts of twice as many. The API answers 429 above it."
  type        = number
  default     = 100

  validation {
    condition     = var.requests_per_second >= 1 && floor(var.requests_per_second) == var.requests_per_second
    error_message = "requests_per_second must be a whole number, at least 1."
  }
}

variable "alarm_topic_arns" {
  description = "ARNs of the SNS topics for alarms."
  type        = list(string)
  default     = []
}

variable "deletion_protection" {
  description = "Protects the table Orders from deletion."
  type        = bool
  default     = true
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
