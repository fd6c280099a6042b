variable "name" {
  description = "First part of the names of what is made here."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$", var.name))
    error_message = "name has up to 24 small letters, digits and hyphens, and begins with a letter."
  }
}

variable "default" {
  description = "The Environment of namespaces that name none."
  type        = bool
  default     = true
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "account_id" {
  description = "AWS account."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id has twelve digits."
  }
}

variable "vpc_id" {
  description = "VPC of the instances of RDS."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the instances of RDS."
  type        = list(string)
}

variable "pod_security_group_id" {
  description = "Security group of the pods."
  type        = string
}

variable "messaging_key_arn" {
  description = "Key of topics and queues."
  type        = string
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds the roles of services."
  type        = string
}

variable "cluster_name" {
  description = "Name of the cluster in EKS."
  type        = string
}

variable "api_gateway" {
  description = "What routes go through; none: Microservices of this Environment have no routes."
  type = object({
    name         = string
    vpc_link_id  = string
    listener_arn = string
    source_cidrs = list(string)
    stage        = optional(string, "$default")
    cors_origins = optional(list(string), [])
  })
  default = null
}

variable "database_sizes" {
  description = "Instance class of each size that a Microservice may ask for."
  type        = map(string)
  default     = { small = "db.t4g.small", medium = "db.m7g.large" }

  validation {
    condition     = length(var.database_sizes) > 0 && alltrue([for class in values(var.database_sizes) : can(regex("^db\\.[a-z0-9-]+\\.[a-z0-9-]+$", class))])
    error_message = "database_sizes maps a size to an instance class of RDS, such as small = \"db.t4g.small\"."
  }
}

variable "database_ca_secret" {
  description = "Secret whose ca.crt holds the certificates of RDS in the region."
  type        = object({ namespace = string, name = string })
  default     = { namespace = "microservice-operator-system", name = "rds-ca" }
}

variable "default_replicas" {
  description = "Pods of a Microservice that does not say how many."
  type        = number
  default     = 2

  validation {
    condition     = var.default_replicas >= 1
    error_message = "default_replicas is at least 1."
  }
}

variable "tags" {
  description = "AWS tags and labels of everything that Microservices of this Environment have."
  type        = map(string)
  default     = {}
}
