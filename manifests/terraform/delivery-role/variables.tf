variable "name" {
  description = "First part of the names of what is made here."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$", var.name))
    error_message = "name has up to 24 small letters, digits and hyphens, and begins with a letter."
  }
}

variable "repository" {
  description = "Repository on GitHub whose workflows may push, as owner/name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$", var.repository))
    error_message = "repository is owner/name, without a wildcard."
  }
}

variable "environments" {
  description = "Environments of that repository, which ask for approval and name the branches that may use them."
  type        = list(string)
  default     = ["ecr", "release"]

  validation {
    condition     = length(var.environments) > 0 && alltrue([for each in var.environments : can(regex("^[A-Za-z0-9_-]+$", each))])
    error_message = "environments names one at least, without a wildcard."
  }
}

variable "repository_arns" {
  description = "Repositories of ECR that it pushes to."
  type        = list(string)
}

variable "oidc_provider_arn" {
  description = "IAM OIDC provider of GitHub where the account has one already; none: it is made."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of everything that is made here."
  type        = map(string)
  default     = {}
}
