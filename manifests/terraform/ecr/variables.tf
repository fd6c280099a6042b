variable "name" {
  description = "First part of the names of what is made here."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$", var.name))
    error_message = "name has up to 24 small letters, digits and hyphens, and begins with a letter."
  }
}

variable "repositories" {
  description = "Images, one repository each."
  type        = set(string)

  validation {
    condition     = alltrue([for each in var.repositories : can(regex("^[a-z0-9]+([._-][a-z0-9]+)*$", each))])
    error_message = "repositories holds a name that ECR does not take: small letters, digits, and one of . _ - between them."
  }
}

variable "kept_images" {
  description = "How many images of a repository are kept; more than are ever deployed side by side."
  type        = number
  default     = 100

  validation {
    condition     = var.kept_images >= 10
    error_message = "kept_images is at least 10: an image that runs somewhere must not expire."
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

variable "tags" {
  description = "Tags of everything that is made here."
  type        = map(string)
  default     = {}
}
