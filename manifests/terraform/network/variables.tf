variable "name" {
  description = "First part of the names of what is made here."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$", var.name))
    error_message = "name has up to 24 small letters, digits and hyphens, and begins with a letter."
  }
}

variable "cidr" {
  description = "Network of the VPC; a /16 gives each zone a /20 for pods."
  type        = string
  default     = "10.20.0.0/16"

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && try(tonumber(split("/", var.cidr)[1]) <= 20, false)
    error_message = "cidr is no IPv4 network of at least /20, such as 10.20.0.0/16."
  }
}

variable "zones" {
  description = "Availability zones, two at least; a new one goes to the end."
  type        = list(string)

  validation {
    condition     = length(var.zones) >= 2 && length(var.zones) <= 4 && length(distinct(var.zones)) == length(var.zones)
    error_message = "zones names two to four zones, each once."
  }
}

variable "nat_for_each_zone" {
  description = "A NAT gateway in each zone; false: one for all, which is cheaper and goes with its zone."
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
