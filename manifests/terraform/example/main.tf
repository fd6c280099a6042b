# A complete environment: copy this folder, configure a backend and set the variables. docs/delivery.md explains the steps.

provider "aws" {
  region = var.region

  default_tags {
    tags = { environment = var.name, managed-by = "terraform" }
  }
}

# Terraform creates the operator's role in a second account with this provider, which is not used without one.
provider "aws" {
  alias  = "second"
  region = var.region

  default_tags {
    tags = { environment = var.name, managed-by = "terraform" }
  }

  dynamic "assume_role" {
    for_each = var.second_account == null ? [] : [var.second_account.terraform_role_arn]

    content {
      role_arn = assume_role.value
    }
  }
}

data "aws_caller_identity" "here" {}

locals {
  images   = ["microservice-operator", "order", "product", "user"]
  services = { for name in ["order", "product", "user"] : name => { namespace = "shop" } }
  operator = "${var.name}-microservice-operator"

  # The ARN from the name: the role in the second account trusts that of the operator, so it is created after it.
  second_role_arns = [
    for account in var.second_account[*] :
    "${join(":", slice(split(":", account.terraform_role_arn), 0, 5))}:role/${local.operator}"
  ]

  auth = var.identity == null ? var.auth : one(module.identity[*].auth)

  # The operator writes the log of its API there; the names below must not depend on each other.
  api_log_group = "/aws/apigateway/${var.name}"
}

module "encryption" {
  source = "../encryption"
  name   = var.name
}

module "network" {
  source            = "../network"
  name              = var.name
  cidr              = var.cidr
  zones             = var.zones
  nat_for_each_zone = var.nat_for_each_zone

  interface_endpoints = var.interface_endpoints
  kms_key_arn         = module.encryption.platform_key_arn
}

module "eks" {
  source                = "../eks"
  name                  = var.name
  kubernetes_version    = var.kubernetes_version
  subnet_ids            = module.network.private_subnet_ids
  pod_security_group_id = module.network.microservices_security_group_id
  public_access_cidrs   = var.public_access_cidrs
  auto_mode             = var.auto_mode
  kms_key_arn           = module.encryption.platform_key_arn
}

module "ecr" {
  source       = "../ecr"
  name         = var.name
  repositories = local.images
  kms_key_arn  = module.encryption.platform_key_arn
}

module "delivery_role" {
  source            = "../delivery-role"
  name              = var.name
  repository        = var.repository
  repository_ids    = var.repository_ids
  repository_arns   = values(module.ecr.repository_arns)
  oidc_provider_arn = var.github_oidc_provider_arn
}

module "service_boundary" {
  source            = "../service-boundary"
  name              = var.name
  messaging_key_arn = module.encryption.messaging_key_arn
}

# Its policy contains the cluster's id, which is known only after the cluster exists.
module "operator_iam" {
  source = "../operator-iam"
  count  = var.cluster_id == null ? 0 : 1

  role_name                = local.operator
  cluster_name             = module.eks.cluster_name
  cluster_id               = var.cluster_id
  permissions_boundary_arn = module.service_boundary.policy_arn
  environment_role_arns    = local.second_role_arns
  restores                 = var.restores
  access_logs              = var.access_logs
}

module "environment_account" {
  source    = "../environment-account"
  count     = var.cluster_id == null || var.second_account == null ? 0 : 1
  providers = { aws = aws.second }

  role_name                = local.operator
  operator_role_arn        = one(module.operator_iam[*].role_arn)
  external_id              = var.cluster_id
  cluster_id               = var.cluster_id
  permissions_boundary_arn = var.second_account.permissions_boundary_arn
  restores                 = var.restores
  access_logs              = var.access_logs
}

module "gateway" {
  source                          = "../gateway"
  name                            = var.name
  vpc_id                          = module.network.vpc_id
  subnet_ids                      = module.network.load_balancer_subnet_ids
  vpc_link_security_group_id      = module.network.vpc_link_security_group_id
  load_balancer_security_group_id = module.network.load_balancer_security_group_id
  cluster_name                    = module.eks.cluster_name
  services                        = local.services
  web_acl_arn                     = var.web_acl_arn
  deletion_protection             = var.deletion_protection
}

module "log_groups" {
  source        = "../log-groups"
  names         = [local.api_log_group]
  error_metrics = { for name in keys(local.services) : name => module.eks.pod_log_group }
  kms_key_arn   = module.encryption.platform_key_arn
}

resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  kms_master_key_id = module.encryption.platform_key_arn
}

# SNS sends a mail with a link, and alarms only after somebody follows it.
resource "aws_sns_topic_subscription" "alarms" {
  for_each = var.alarm_emails

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.key
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each = local.services

  alarm_name          = "${var.name}-${each.key}-errors"
  alarm_description   = "The service ${each.key} logs errors; search ${module.eks.pod_log_group} for its lines of level error"
  namespace           = "Shop"
  metric_name         = "Errors-${each.key}"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 2
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# The topic belongs to the Microservice order; it exists after the operator has created it.
module "order_intake" {
  source = "../order-intake"
  count  = var.order_intake == null ? 0 : 1

  name                = var.name
  package             = var.order_intake.package
  topic_arn           = var.order_intake.topic_arn
  jwt                 = local.auth
  messaging_key_arn   = module.encryption.messaging_key_arn
  kms_key_arn         = module.encryption.platform_key_arn
  alarm_topic_arns    = [aws_sns_topic.alarms.arn]
  deletion_protection = var.deletion_protection
}

# Tokens come from Cognito, or from the issuer in var.auth.
module "identity" {
  source = "../identity"
  count  = var.identity == null ? 0 : 1

  name                = var.name
  package             = var.identity.package
  callback_urls       = var.identity.callback_urls
  domain_prefix       = var.identity.domain_prefix
  kms_key_arn         = module.encryption.platform_key_arn
  deletion_protection = var.deletion_protection
}

# The API belongs to the operator, and exists after the first Microservice with routes.
module "domain" {
  source = "../domain"
  count  = var.domain == null ? 0 : 1

  domain_name = var.domain.name
  zone_id     = var.domain.zone_id
  api_id      = var.domain.api_id
}

module "environment" {
  source                   = "../environment"
  name                     = var.name
  region                   = var.region
  account_id               = data.aws_caller_identity.here.account_id
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.private_subnet_ids
  subnet_cidrs             = module.network.private_subnet_cidrs
  pod_security_group_id    = module.network.microservices_security_group_id
  messaging_key_arn        = module.encryption.messaging_key_arn
  permissions_boundary_arn = module.service_boundary.policy_arn
  cluster_name             = module.eks.cluster_name
  tags                     = { environment = var.name }
  auth                     = local.auth

  api_gateway = {
    name         = var.name
    vpc_link_id  = module.gateway.vpc_link_id
    listener_arn = module.gateway.listener_arn
    source_cidrs = module.network.load_balancer_subnet_cidrs
    cors_origins = var.cors_origins
    throttling   = var.throttling
    # The operator needs the right to write there.
    access_log_group_arn = var.access_logs ? module.log_groups.arns[local.api_log_group] : null
  }
}
