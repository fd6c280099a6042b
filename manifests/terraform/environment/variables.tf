variable "name" {
  description = "Prefix of the names of all resources."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$", var.name))
    error_message = "name must have up to 24 lower-case letters, digits and hyphens, and must start with a letter."
  }
}

variable "default" {
  description = "Makes this the default Environment, for Microservices whose spec and namespace name no other."
  type        = bool
  default     = true
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "account_id" {
  description = "ID of the AWS account."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must have twelve digits."
  }
}

variable "vpc_id" {
  description = "VPC of the RDS instances."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the RDS instances."
  type        = list(string)
}

variable "subnet_cidrs" {
  description = "Networks of nodes, pods and databases, to check that api_gateway.source_cidrs shares no address with them."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.subnet_cidrs : can(cidrhost(cidr, 0))])
    error_message = "subnet_cidrs must contain valid CIDR blocks."
  }
}

variable "pod_security_group_id" {
  description = "Security group of the pods."
  type        = string
}

variable "messaging_key_arn" {
  description = "ARN of the KMS key for topics and queues."
  type        = string
}

variable "database_key_arn" {
  description = "ARN of the KMS key for new RDS instances and their admin secrets. If null, AWS's own keys encrypt them."
  type        = string
  default     = null
}

variable "table_key_arn" {
  description = "ARN of the KMS key for new DynamoDB tables. Pass it to the module service-boundary, too. If null, DynamoDB's own key encrypts them."
  type        = string
  default     = null
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary for the roles of services."
  type        = string
}

variable "role_arn" {
  description = "ARN of the role of that account which the operator assumes for this Environment. If null, the operator uses its own role."
  type        = string
  default     = null
}

variable "external_id" {
  description = "External ID that the trust policy of role_arn requires."
  type        = string
  default     = null
}

variable "cluster_name" {
  description = "Name of the EKS cluster, for Pod Identity."
  type        = string
  default     = null
}

variable "oidc_provider_arn" {
  description = "ARN of the cluster's OIDC provider in that account, for IRSA. Needed in another account than the cluster's. If null, pods use Pod Identity."
  type        = string
  default     = null

  validation {
    condition     = (var.oidc_provider_arn == null) != (var.cluster_name == null)
    error_message = "Set cluster_name for Pod Identity, or oidc_provider_arn for IRSA."
  }
}

variable "api_gateway" {
  description = "Gateway resources for the routes. If null, Microservices of this Environment have no routes."
  type = object({
    name         = string
    vpc_link_id  = string
    listener_arn = string
    source_cidrs = list(string)
    stage        = optional(string, "$default")
    cors_origins = optional(list(string), [])

    path_prefix                  = optional(string)
    max_routes                   = optional(number)
    max_authorizers              = optional(number)
    access_log_group_arn         = optional(string)
    throttling                   = optional(object({ requests_per_second = number, burst = number }))
    disable_execute_api_endpoint = optional(bool)
    deletion_policy              = optional(string)
  })
  default = null

  # Two networks share addresses exactly if they begin alike, up to the shorter of their prefixes.
  validation {
    condition = alltrue([
      for pair in setproduct(try(var.api_gateway.source_cidrs, []), var.subnet_cidrs) : length(distinct([
        for cidr in pair : cidrhost("${cidrhost(cidr, 0)}/${min([for each in pair : tonumber(split("/", each)[1])]...)}", 0)
      ])) == 2
    ])
    error_message = "api_gateway.source_cidrs shares addresses with subnet_cidrs: every pod there could call every Microservice with routes. Give the load balancer its own subnets, and name only those."
  }
}

variable "auth" {
  description = "Issuer and audiences of the tokens that the routes of all Microservices require, unless they declare others. If null, each Microservice with routes must declare its own."
  type        = object({ issuer = string, audiences = list(string) })
  default     = null

  validation {
    condition     = var.auth == null ? true : startswith(var.auth.issuer, "https://") && length(var.auth.audiences) > 0
    error_message = "auth must have an issuer that starts with https:// and at least one audience."
  }
}

variable "database_sizes" {
  description = "RDS instance class of each size that a Microservice can request."
  type        = map(string)
  default     = { small = "db.t4g.small", medium = "db.m7g.large" }

  validation {
    condition     = length(var.database_sizes) > 0 && alltrue([for class in values(var.database_sizes) : can(regex("^db\\.[a-z0-9-]+\\.[a-z0-9-]+$", class))])
    error_message = "database_sizes must map sizes to RDS instance classes, such as small = \"db.t4g.small\"."
  }
}

variable "database_ca_secret" {
  description = "Secret whose key ca.crt contains the RDS certificates of the region."
  type        = object({ namespace = string, name = string })
  default     = { namespace = "microservice-operator-system", name = "rds-ca" }
}

variable "default_replicas" {
  description = "Replicas of a Microservice that sets no number."
  type        = number
  default     = 2

  validation {
    condition     = var.default_replicas >= 1
    error_message = "default_replicas must be at least 1."
  }
}

variable "tags" {
  description = "AWS tags of all resources of this Environment's Microservices."
  type        = map(string)
  default     = {}
}

variable "metrics_scraper" {
  description = "The only pods that may read the metrics of Microservices. The default is the Prometheus of kube-prometheus-stack in the namespace monitoring."
  type        = object({ namespace = string, pod_labels = map(string) })
  default     = { namespace = "monitoring", pod_labels = { "app.kubernetes.io/name" = "prometheus" } }
}
