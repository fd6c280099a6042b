variable "name" {
  description = "Prefix of the names of all resources."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$", var.name))
    error_message = "name must have up to 24 lower-case letters, digits and hyphens, and must start with a letter."
  }
}

variable "repositories" {
  description = "Names of the images. Each gets a repository."
  type        = set(string)

  validation {
    condition     = alltrue([for each in var.repositories : can(regex("^[a-z0-9]+([._-][a-z0-9]+)*$", each))])
    error_message = "repositories contains an invalid name. Use lower-case letters and digits, separated by single . _ or - characters."
  }
}

variable "kept_images" {
  description = "Number of images to keep in each repository. It must exceed the number of versions deployed at the same time."
  type        = number
  default     = 100

  validation {
    condition     = var.kept_images >= 10
    error_message = "kept_images must be at least 10, so that no deployed image expires."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key for encryption at rest."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, not of an alias."
  }
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
}
