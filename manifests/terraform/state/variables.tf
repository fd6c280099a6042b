variable "bucket" {
  description = "Name of the bucket, unique in all of AWS, such as COMPANY-terraform-state."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket must have 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "AWS region."
  type        = string
  default     = "us-east-1"
}

variable "tags" {
  description = "Tags of the bucket."
  type        = map(string)
  default     = {}
}
