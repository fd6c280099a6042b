variable "name" {
  description = "Prefix of the names of all resources."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$", var.name))
    error_message = "name must have up to 24 lower-case letters, digits and hyphens, and must start with a letter."
  }
}

variable "vpc_id" {
  description = "ID of the VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the VPC link and the load balancer, without nodes and pods: NetworkPolicies allow their networks."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids must contain at least two subnets, in different zones."
  }
}

variable "vpc_link_security_group_id" {
  description = "Security group of the VPC link."
  type        = string
}

variable "load_balancer_security_group_id" {
  description = "Security group of the load balancer."
  type        = string
}

variable "web_acl_arn" {
  description = "ARN of a web ACL (AWS WAF) of this region for the load balancer."
  type        = string
  default     = null
}

variable "cluster_name" {
  description = "Name of the cluster whose AWS Load Balancer Controller registers the pods."
  type        = string
}

variable "services" {
  description = "Microservices with routes, by name."
  type = map(object({
    namespace   = string
    health_path = optional(string, "/ready")
  }))

  validation {
    condition     = alltrue([for name, service in var.services : can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", name)) && can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", service.namespace))])
    error_message = "services contains an invalid name or namespace."
  }

  validation {
    condition     = alltrue([for name, service in var.services : length("${var.name}-${name}") <= 32])
    error_message = "services contains a name that is too long: the target group's name (name-service) can have up to 32 characters."
  }
}

variable "deletion_protection" {
  description = "Protects the load balancer from deletion."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
}
