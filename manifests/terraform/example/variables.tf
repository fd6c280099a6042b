variable "name" {
  description = "Name of the environment. It prefixes the names of all resources."
  type        = string
  default     = "shop"

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,14}[a-z0-9])?$", var.name))
    error_message = "name must have up to 16 lower-case letters, digits and hyphens, and must start with a letter."
  }
}

variable "region" {
  description = "AWS region."
  type        = string
  default     = "us-east-1"
}

variable "zones" {
  description = "Availability zones of the region, at least two."
  type        = list(string)
  default     = ["us-east-1a", "us-east-1b"]
}

variable "cidr" {
  description = "CIDR block of the VPC."
  type        = string
  default     = "10.20.0.0/16"
}

variable "nat_for_each_zone" {
  description = "Creates a NAT gateway in each zone instead of one for all zones."
  type        = bool
  default     = true
}

variable "interface_endpoints" {
  description = "AWS services that pods reach inside the VPC instead of through NAT, such as ecr.api, ecr.dkr, logs, sts. Each costs a fixed price per hour and zone."
  type        = set(string)
  default     = []
}

variable "auto_mode" {
  description = "Lets EKS Auto Mode start nodes for pods that find no room, after its NodePool is applied: see the output node_pool."
  type        = bool
  default     = true
}

variable "alarm_emails" {
  description = "Addresses that receive the alarms, after a click on the link in SNS's first mail."
  type        = set(string)
  default     = []
}

variable "throttling" {
  description = "Limits for each route of the API; API Gateway answers 429 above them. If null, the quota of the account is the limit."
  type        = object({ requests_per_second = number, burst = number })
  default     = { requests_per_second = 100, burst = 200 }
}

variable "kubernetes_version" {
  description = "Kubernetes version."
  type        = string
  default     = "1.36"
}

variable "public_access_cidrs" {
  description = "Networks outside the VPC that may reach the cluster's API. If empty, the API is private."
  type        = list(string)
  default     = []
}

variable "repository" {
  description = "GitHub repository whose workflows push images, as owner/name."
  type        = string
}

variable "repository_ids" {
  description = "Ids of the repository's owner and of the repository: gh api repos/OWNER/NAME --jq '.owner.id, .id'. Set null only for a repository that is older than July 2026 and keeps its name."
  type        = object({ owner = string, repository = string })
}

variable "github_oidc_provider_arn" {
  description = "ARN of the account's IAM OIDC provider for GitHub, if it has one."
  type        = string
  default     = null
}

variable "cluster_id" {
  description = "UID of the namespace kube-system. Leave it null for the first apply, which creates the cluster."
  type        = string
  default     = null
}

variable "second_account" {
  description = "Another account whose resources this cluster's operator manages, for Environments with spec.aws.roleARN. Terraform assumes terraform_role_arn there. Leave it null for one account."
  type = object({
    terraform_role_arn       = string
    permissions_boundary_arn = string
  })
  default = null
}

variable "restores" {
  description = "Whether Microservices may use restoreFrom; the operator can then read and restore all data of the accounts."
  type        = bool
  default     = false
}

variable "access_logs" {
  description = "Whether Environments may use accessLogGroupARN; the operator can then write the resource policies of CloudWatch Logs."
  type        = bool
  default     = false
}

variable "identity" {
  description = "Settings of a Cognito user pool whose tokens the routes require. package is the zip file of its function, which make lambda builds. Leave it null for another issuer: see auth."
  type = object({
    package       = string
    callback_urls = list(string)
    domain_prefix = optional(string)
  })
  default = null
}

variable "auth" {
  description = "Issuer and audiences of the tokens that the routes require, if identity is null. Without both, each Microservice with routes must declare its own."
  type        = object({ issuer = string, audiences = list(string) })
  default     = null
}

variable "order_intake" {
  description = "Settings of the order intake function. Leave it null until the topic of the Microservice order exists."
  type = object({
    package   = string
    topic_arn = string
  })
  default = null

  validation {
    condition     = var.order_intake == null ? true : var.identity != null || var.auth != null
    error_message = "order_intake needs tokens: set identity or auth, too."
  }
}

variable "domain" {
  description = "Name of your own for the API, in a Route 53 zone of this account. Leave it null until the operator has created the API."
  type = object({
    name    = string
    zone_id = string
    api_id  = string
  })
  default = null
}

variable "web_acl_arn" {
  description = "ARN of a web ACL (AWS WAF) of this region for the load balancer. HTTP APIs accept none."
  type        = string
  default     = null
}

variable "cors_origins" {
  description = "Origins that browsers may call the API from (CORS)."
  type        = list(string)
  default     = []
}

variable "deletion_protection" {
  description = "Protects the load balancer and the orders table from deletion."
  type        = bool
  default     = true
}
