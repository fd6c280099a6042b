variable "name" {
  description = "Name of the environment, and first part of the names of what is made."
  type        = string
  default     = "shop"

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,14}[a-z0-9])?$", var.name))
    error_message = "name has up to 16 small letters, digits and hyphens, and begins with a letter."
  }
}

variable "region" {
  description = "AWS region."
  type        = string
  default     = "us-east-1"
}

variable "zones" {
  description = "Availability zones of the region, two at least."
  type        = list(string)
  default     = ["us-east-1a", "us-east-1b"]
}

variable "cidr" {
  description = "Network of the VPC."
  type        = string
  default     = "10.20.0.0/16"
}

variable "nat_for_each_zone" {
  description = "A NAT gateway in each zone, or one for all."
  type        = bool
  default     = true
}

variable "kubernetes_version" {
  description = "Version of Kubernetes."
  type        = string
  default     = "1.33"
}

variable "public_access_cidrs" {
  description = "Networks that may reach the cluster's API from outside the VPC; none: nobody."
  type        = list(string)
  default     = []
}

variable "repository" {
  description = "Repository on GitHub whose workflows push images, as owner/name."
  type        = string
}

variable "github_oidc_provider_arn" {
  description = "IAM OIDC provider of GitHub where the account has one already."
  type        = string
  default     = null
}

variable "cluster_id" {
  description = "UID of the namespace kube-system; none at the first apply, which makes the cluster."
  type        = string
  default     = null
}

variable "order_intake" {
  description = "The function that takes orders in; none until the topic of the Microservice order is there."
  type = object({
    package   = string
    topic_arn = string
    jwt       = object({ issuer = string, audiences = list(string) })
  })
  default = null
}

variable "cors_origins" {
  description = "Origins whose pages may call the API from a browser."
  type        = list(string)
  default     = []
}

variable "deletion_protection" {
  description = "Keeps the load balancer and the table of orders from being deleted."
  type        = bool
  default     = true
}
