variable "names" {
  description = "Names of the log groups."
  type        = set(string)

  validation {
    condition     = alltrue([for name in var.names : can(regex("^[A-Za-z0-9._/#-]{1,512}$", name))])
    error_message = "names holds one that CloudWatch does not take."
  }
}

variable "error_metrics" {
  description = "Log group of each service whose lines of level error are counted, in the metric Errors-SERVICE of namespace Shop."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in values(var.error_metrics) : contains(var.names, name)])
    error_message = "error_metrics names a log group that is not in names."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts what rests."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn is no ARN of a key; an alias will not do."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is none of CloudWatch's numbers of days from 30 upwards, such as 90 or 365."
  }
}

variable "tags" {
  description = "Tags of everything that is made here."
  type        = map(string)
  default     = {}
}
