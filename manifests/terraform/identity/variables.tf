variable "name" {
  description = "Prefix of the names of all resources."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$", var.name))
    error_message = "name must have up to 24 lower-case letters, digits and hyphens, and must start with a letter."
  }
}

variable "package" {
  description = "Path of the zip file with the function that adds scopes. `make lambda` builds it."
  type        = string

  validation {
    condition     = endswith(var.package, ".zip") && fileexists(var.package)
    error_message = "package must be an existing zip file; build it with make lambda."
  }
}

variable "prefix" {
  description = "Part of every scope before the colon, and identifier of the resource server."
  type        = string
  default     = "shop"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,62}$", var.prefix))
    error_message = "prefix must have lower-case letters, digits and hyphens, and must start with a letter."
  }
}

variable "scopes" {
  description = "Scopes that not every user has, without the prefix, with a description of each. Each becomes a group of users."
  type        = map(string)
  default = {
    admin     = "Read and change the users and orders of others"
    catalogue = "Create products, restock them and change their prices"
  }

  validation {
    condition     = length(var.scopes) > 0 && alltrue([for name in keys(var.scopes) : can(regex("^[a-z][a-z0-9-]*$", name))])
    error_message = "scopes must contain at least one name of lower-case letters, digits and hyphens."
  }
}

variable "callback_urls" {
  description = "URLs to which Cognito may send users back after they sign in."
  type        = list(string)

  validation {
    condition     = length(var.callback_urls) > 0 && alltrue([for url in var.callback_urls : can(regex("^(https://|http://localhost[:/])", url))])
    error_message = "callback_urls must contain at least one URL that starts with https://, or with http://localhost for development."
  }
}

variable "logout_urls" {
  description = "URLs to which Cognito may send users back after they sign out."
  type        = list(string)
  default     = []
}

variable "domain_prefix" {
  description = "First part of the host name of Cognito's sign-in pages, unique in the region. If null, there are no such pages."
  type        = string
  default     = null
}

variable "self_registration" {
  description = "Whether anybody may create a user. If false, only administrators do."
  type        = bool
  default     = true
}

variable "deletion_protection" {
  description = "Protects the user pool from deletion."
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
