variable "name" {
  description = "Prefix of the names of all resources."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$", var.name))
    error_message = "name must have up to 24 lower-case letters, digits and hyphens, and must start with a letter."
  }
}

variable "repository" {
  description = "GitHub repository whose workflows may push images, as owner/name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$", var.repository))
    error_message = "repository must be owner/name, without wildcards."
  }
}

variable "repository_ids" {
  description = "Ids of the repository's owner and of the repository: gh api repos/OWNER/NAME --jq '.owner.id, .id'. GitHub's tokens of repositories that were created or renamed after 15 July 2026 contain them. Set null only for an older repository."
  type        = object({ owner = string, repository = string })

  validation {
    condition     = var.repository_ids == null ? true : alltrue([for id in values(var.repository_ids) : can(regex("^[0-9]+$", id))])
    error_message = "repository_ids must contain two numbers, as GitHub's API shows them."
  }
}

variable "environments" {
  description = "Environments of the repository that may push. Configure required reviewers and allowed branches for them."
  type        = list(string)
  default     = ["ecr", "release"]

  validation {
    condition     = length(var.environments) > 0 && alltrue([for each in var.environments : can(regex("^[A-Za-z0-9_-]+$", each))])
    error_message = "environments must contain at least one name, without wildcards."
  }
}

variable "repository_arns" {
  description = "ARNs of the ECR repositories that the workflows push to."
  type        = list(string)
}

variable "oidc_provider_arn" {
  description = "ARN of the account's IAM OIDC provider for GitHub. If null, the module creates one."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
}
