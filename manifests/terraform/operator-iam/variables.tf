variable "cluster_name" {
  description = "Name of the EKS cluster."
  type        = string
}

variable "cluster_id" {
  description = "UID of the namespace kube-system: kubectl get namespace kube-system -o jsonpath='{.metadata.uid}'."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.cluster_id))
    error_message = "cluster_id must be a UID; use that of the namespace kube-system."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary for the roles of services; use the value of spec.aws.permissionsBoundaryARN of the Environments."
  type        = string
}

variable "environment_role_arns" {
  description = "ARNs of the roles that the operator may assume: spec.aws.roleARN of the Environments. The module environment-account creates one."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.environment_role_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@/_-]+$", arn))])
    error_message = "environment_role_arns must be ARNs of roles, without wildcards."
  }
}

variable "restores" {
  description = "Whether Microservices may use restoreFrom. The operator can then read and restore all tables, backups and snapshots of the account."
  type        = bool
  default     = false
}

variable "access_logs" {
  description = "Whether Environments may use accessLogGroupARN. The operator can then write the resource policies of CloudWatch Logs."
  type        = bool
  default     = false
}

variable "role_name" {
  description = "Name of the operator's role."
  type        = string
  default     = "microservice-operator"
}

variable "namespace" {
  description = "Namespace of the operator."
  type        = string
  default     = "microservice-operator-system"
}

variable "service_account" {
  description = "ServiceAccount of the operator."
  type        = string
  default     = "microservice-operator"
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
}
