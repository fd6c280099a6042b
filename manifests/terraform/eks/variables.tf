variable "name" {
  description = "Prefix of the names of all resources."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$", var.name))
    error_message = "name must have up to 24 lower-case letters, digits and hyphens, and must start with a letter."
  }
}

variable "kubernetes_version" {
  description = "Kubernetes version, at least 1.30, because of lifecycle.preStop.sleep."
  type        = string

  validation {
    condition     = can(regex("^1\\.(3[0-9]|[4-9][0-9])$", var.kubernetes_version))
    error_message = "kubernetes_version must be major.minor, at least 1.30, such as 1.36."
  }
}

variable "support_type" {
  description = "What happens at the end of the version's standard support: STANDARD upgrades the cluster, EXTENDED keeps the version at a higher price."
  type        = string
  default     = "STANDARD"

  validation {
    condition     = contains(["STANDARD", "EXTENDED"], var.support_type)
    error_message = "support_type must be STANDARD or EXTENDED."
  }
}

variable "auto_mode" {
  description = "Lets EKS Auto Mode start nodes for pods that find no room. It starts none before its NodePool is applied: see the output node_pool."
  type        = bool
  default     = true
}

variable "auto_mode_cpus" {
  description = "Maximum number of virtual CPUs of all nodes that EKS Auto Mode starts."
  type        = number
  default     = 16

  validation {
    condition     = var.auto_mode_cpus >= 2
    error_message = "auto_mode_cpus must be at least 2, the size of the smallest node."
  }
}

variable "control_plane_logs" {
  description = "Logs of the control plane in CloudWatch: api, audit, authenticator, controllerManager, scheduler. CloudWatch bills each gigabyte that it takes in."
  type        = list(string)
  default     = ["audit", "authenticator"]

  validation {
    condition     = length(setsubtract(var.control_plane_logs, ["api", "audit", "authenticator", "controllerManager", "scheduler"])) == 0
    error_message = "control_plane_logs contains a name other than api, audit, authenticator, controllerManager and scheduler."
  }
}

variable "container_insights" {
  description = "Detailed metrics of containers and traces of services in CloudWatch, which bills each of them. Logs of pods arrive in any case."
  type        = bool
  default     = false
}

variable "subnet_ids" {
  description = "Private subnets for nodes and control plane, in at least two zones."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids must contain at least two subnets, in different zones."
  }
}

variable "pod_security_group_id" {
  description = "Additional security group of the nodes and their pods."
  type        = string
}

variable "public_access_cidrs" {
  description = "Networks outside the VPC that may reach the cluster's API. If empty, the API is private."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.public_access_cidrs : can(cidrhost(cidr, 0)) && !endswith(cidr, "/0")])
    error_message = "public_access_cidrs must contain valid CIDR blocks, and not the whole Internet."
  }
}

variable "creator_is_administrator" {
  description = "Makes the identity that runs Terraform an administrator of the cluster. If false, create access entries yourself."
  type        = bool
  default     = true
}

variable "addon_versions" {
  description = "Versions of add-ons, by name. Other add-ons get EKS's default for the cluster's version."
  type        = map(string)
  default     = {}
}

variable "instance_types" {
  description = "Instance types of the nodes, in order of preference."
  type        = list(string)
  default     = ["m7i.large"]

  validation {
    condition     = length(var.instance_types) > 0
    error_message = "instance_types must contain at least one type."
  }
}

variable "ami_type" {
  description = "AMI type of the nodes. It must match the architecture of instance_types."
  type        = string
  default     = "AL2023_x86_64_STANDARD"

  validation {
    condition     = contains(["AL2023_x86_64_STANDARD", "AL2023_ARM_64_STANDARD"], var.ami_type)
    error_message = "ami_type must be AL2023_x86_64_STANDARD or AL2023_ARM_64_STANDARD."
  }
}

variable "node_count" {
  description = "Minimum and maximum number of nodes in the node group. Nothing scales it automatically; the rest is for EKS Auto Mode."
  type        = object({ min = number, max = number })
  default     = { min = 2, max = 6 }

  validation {
    condition     = var.node_count.min >= 1 && var.node_count.max >= var.node_count.min
    error_message = "node_count.min must be at least 1, and node_count.max must not be smaller."
  }
}

variable "node_disk_gib" {
  description = "Disk size of a node, in GiB."
  type        = number
  default     = 50

  validation {
    condition     = var.node_disk_gib >= 20
    error_message = "node_disk_gib must be at least 20."
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
