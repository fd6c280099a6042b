variable "name" {
  description = "First part of the names of what is made here."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$", var.name))
    error_message = "name has up to 24 small letters, digits and hyphens, and begins with a letter."
  }
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the VPC link and the load balancer."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids names two subnets at least, in different zones."
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

variable "cluster_name" {
  description = "Cluster whose AWS Load Balancer Controller registers the pods."
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
    error_message = "services holds a name or a namespace that Kubernetes does not take."
  }

  validation {
    condition     = alltrue([for name, service in var.services : length("${var.name}-${name}") <= 32])
    error_message = "services holds a name that is too long: a target group is called name-service and has up to 32 characters."
  }
}

variable "deletion_protection" {
  description = "Keeps the load balancer from being deleted."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of everything that is made here."
  type        = map(string)
  default     = {}
}
