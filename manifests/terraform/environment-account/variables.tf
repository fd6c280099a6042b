variable "operator_role_arn" {
  description = "ARN of the operator's own role, in the account of its cluster: output role_arn of operator-iam."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@/_-]+$", var.operator_role_arn))
    error_message = "operator_role_arn must be the ARN of one role."
  }
}

variable "external_id" {
  description = "External ID that the operator must present: spec.aws.externalID of the Environment, such as the cluster id."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@:/-]+$", var.external_id)) && length(var.external_id) >= 2 && length(var.external_id) <= 1224
    error_message = "external_id must have 2 to 1224 letters, digits and characters of _ + = , . @ : / -."
  }
}

variable "cluster_id" {
  description = "UID of the namespace kube-system in the operator's cluster: kubectl get namespace kube-system -o jsonpath='{.metadata.uid}'."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.cluster_id))
    error_message = "cluster_id must be a UID; use that of the namespace kube-system."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary for the roles of services, in this account: spec.aws.permissionsBoundaryARN of the Environment."
  type        = string
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
  description = "Name of the role."
  type        = string
  default     = "microservice-operator"
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
}
