variable "cluster_name" {
  description = "Name of the cluster in EKS."
  type        = string
}

variable "cluster_id" {
  description = "UID of the namespace kube-system: kubectl get namespace kube-system -o jsonpath='{.metadata.uid}'."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.cluster_id))
    error_message = "cluster_id is no UID; give that of the namespace kube-system."
  }
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds the roles of services; the same as spec.aws.permissionsBoundaryARN of the Environments."
  type        = string
}

variable "role_name" {
  description = "Name of the operator's role."
  type        = string
  default     = "microservice-operator"
}

variable "namespace" {
  description = "Namespace that the operator runs in."
  type        = string
  default     = "microservice-operator-system"
}

variable "service_account" {
  description = "ServiceAccount that the operator runs as."
  type        = string
  default     = "microservice-operator"
}

variable "tags" {
  description = "Tags of everything that is made here."
  type        = map(string)
  default     = {}
}
