variable "name" {
  description = "Prefix of the names of all resources."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$", var.name))
    error_message = "name must have up to 24 lower-case letters, digits and hyphens, and must start with a letter."
  }
}

variable "cidr" {
  description = "CIDR block of the VPC. A /16 gives each zone a /20 for pods."
  type        = string
  default     = "10.20.0.0/16"

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && try(tonumber(split("/", var.cidr)[1]) <= 20, false)
    error_message = "cidr must be an IPv4 CIDR block of at least /20, such as 10.20.0.0/16."
  }
}

variable "zones" {
  description = "Availability zones, at least two. Add new zones at the end."
  type        = list(string)

  validation {
    condition     = length(var.zones) >= 2 && length(var.zones) <= 4 && length(distinct(var.zones)) == length(var.zones)
    error_message = "zones must contain two to four different zones."
  }
}

variable "nat_for_each_zone" {
  description = "Creates a NAT gateway in each zone. If false, all zones share one, which is cheaper but fails with its zone."
  type        = bool
  default     = true
}

variable "flow_log_traffic" {
  description = "Traffic in the flow logs: REJECT, ACCEPT or ALL. CloudWatch bills each gigabyte that it takes in."
  type        = string
  default     = "REJECT"

  validation {
    condition     = contains(["REJECT", "ACCEPT", "ALL"], var.flow_log_traffic)
    error_message = "flow_log_traffic must be REJECT, ACCEPT or ALL."
  }
}

variable "interface_endpoints" {
  description = "AWS services that pods reach inside the VPC instead of through NAT, such as ecr.api, ecr.dkr, logs, sts, sns, sqs. Each costs a fixed price per hour and zone, and NAT costs a price per gigabyte."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for service in var.interface_endpoints : can(regex("^[a-z0-9][a-z0-9.-]*$", service)) && !contains(["dynamodb", "s3"], service)])
    error_message = "interface_endpoints must contain names of services, such as ecr.api. DynamoDB and S3 have free gateway endpoints already."
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
