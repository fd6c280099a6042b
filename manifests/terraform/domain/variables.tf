variable "domain_name" {
  description = "Name of the API, such as api.shop.example."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain_name))
    error_message = "domain_name must be a domain name in lower case, such as api.shop.example."
  }
}

variable "zone_id" {
  description = "ID of the public Route 53 zone that contains the name."
  type        = string
}

variable "api_id" {
  description = "ID of the API: the part of status.endpoints.gateway of a Microservice before .execute-api."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]+$", var.api_id))
    error_message = "api_id must be the ID of the API without its address, such as a1b2c3d4e5."
  }
}

variable "stage" {
  description = "Stage of the API, as spec.aws.apiGateway.stage of the Environment."
  type        = string
  default     = "$default"
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
}
