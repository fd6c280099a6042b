variable "name" {
  description = "First part of the names of what is made here."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$", var.name))
    error_message = "name has up to 24 small letters, digits and hyphens, and begins with a letter."
  }
}

variable "kubernetes_version" {
  description = "Version of Kubernetes; lifecycle.preStop.sleep needs 1.30."
  type        = string

  validation {
    condition     = can(regex("^1\\.(3[0-9]|[4-9][0-9])$", var.kubernetes_version))
    error_message = "kubernetes_version is major and minor, 1.30 or newer, such as 1.33."
  }
}

variable "subnet_ids" {
  description = "Private subnets of nodes and control plane, in two zones at least."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids names two subnets at least, in different zones."
  }
}

variable "pod_security_group_id" {
  description = "Security group that nodes, and so their pods, have beside the cluster's."
  type        = string
}

variable "public_access_cidrs" {
  description = "Networks that may reach the cluster's API from outside the VPC; none: nobody."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.public_access_cidrs : can(cidrhost(cidr, 0)) && !endswith(cidr, "/0")])
    error_message = "public_access_cidrs holds something that is no network, or the whole Internet."
  }
}

variable "creator_is_administrator" {
  description = "Whoever runs Terraform becomes administrator of the cluster; false: give access entries yourself."
  type        = bool
  default     = true
}

variable "addon_versions" {
  description = "Version of an add-on by its name; what is not named here is EKS's default for the cluster's version."
  type        = map(string)
  default     = {}
}

variable "instance_types" {
  description = "Types of the nodes, the first that is to be had."
  type        = list(string)
  default     = ["m7i.large"]

  validation {
    condition     = length(var.instance_types) > 0
    error_message = "instance_types names one type at least."
  }
}

variable "ami_type" {
  description = "Kind of the nodes' images; it must fit the processors of instance_types."
  type        = string
  default     = "AL2023_x86_64_STANDARD"

  validation {
    condition     = contains(["AL2023_x86_64_STANDARD", "AL2023_ARM_64_STANDARD"], var.ami_type)
    error_message = "ami_type is AL2023_x86_64_STANDARD or AL2023_ARM_64_STANDARD."
  }
}

variable "node_count" {
  description = "Least and greatest number of nodes."
  type        = object({ min = number, max = number })
  default     = { min = 2, max = 6 }

  validation {
    condition     = var.node_count.min >= 1 && var.node_count.max >= var.node_count.min
    error_message = "node_count.min is at least 1 and node_count.max not less than it."
  }
}

variable "node_disk_gib" {
  description = "Size of a node's disk in GiB."
  type        = number
  default     = 50

  validation {
    condition     = var.node_disk_gib >= 20
    error_message = "node_disk_gib is at least 20."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts what rests."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn is no ARN of a key; an alias will not do."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is none of CloudWatch's numbers of days from 30 upwards, such as 90 or 365."
  }
}

variable "tags" {
  description = "Tags of everything that is made here."
  type        = map(string)
  default     = {}
}
