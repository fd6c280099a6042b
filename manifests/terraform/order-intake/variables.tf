variable "name" {
  description = "First part of the names of what is made here."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$", var.name))
    error_message = "name has up to 24 small letters, digits and hyphens, and begins with a letter."
  }
}

variable "package" {
  description = "Path of the functions' zip, which `make lambda` builds."
  type        = string

  validation {
    condition     = endswith(var.package, ".zip") && fileexists(var.package)
    error_message = "package is no zip that is there; build it first: make lambda."
  }
}

variable "runtime" {
  description = "Python of the function."
  type        = string
  default     = "python3.13"

  validation {
    condition     = can(regex("^python3\\.1[1-9]$", var.runtime))
    error_message = "runtime is python3.11 or newer."
  }
}

variable "architecture" {
  description = "Processors that the package was built for."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture is x86_64 or arm64."
  }
}

variable "topic_arn" {
  description = "Topic order-created: the one of the Microservice order, in its status.resources."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.topic_arn))
    error_message = "topic_arn is no ARN of a standard topic."
  }
}

variable "messaging_key_arn" {
  description = "Key that the topic is encrypted with."
  type        = string
}

variable "jwt" {
  description = "Tokens that are let in."
  type        = object({ issuer = string, audiences = list(string) })

  validation {
    condition     = startswith(var.jwt.issuer, "https://") && length(var.jwt.audiences) > 0
    error_message = "jwt has an issuer that begins with https:// and one audience at least."
  }
}

variable "concurrency" {
  description = "Requests that are worked on at a time; API Gateway answers 503 to more."
  type        = number
  default     = 50

  validation {
    condition     = var.concurrency >= 1
    error_message = "concurrency is at least 1; 0 would turn every order away."
  }
}

variable "requests_per_second" {
  description = "Requests that the API lets in each second, twice as many for a moment; more are answered 429."
  type        = number
  default     = 100

  validation {
    condition     = var.requests_per_second >= 1 && floor(var.requests_per_second) == var.requests_per_second
    error_message = "requests_per_second is a whole number, at least 1."
  }
}

variable "alarm_topic_arns" {
  description = "Topics that alarms go to."
  type        = list(string)
  default     = []
}

variable "deletion_protection" {
  description = "Keeps the table Orders from being deleted."
  type        = bool
  default     = true
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
