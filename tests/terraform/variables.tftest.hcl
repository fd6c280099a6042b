# What the modules refuse before anything is planned, with a sentence that says what would do.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }

  mock_data "aws_region" {
    defaults = { name = "us-east-1" }
  }

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  name        = "shop"
  kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/0"
}

run "network_needs_two_zones" {
  command = plan
  module { source = "../network" }
  variables { zones = ["us-east-1a"] }
  expect_failures = [var.zones]
}

run "the_load_balancer_shares_no_network_with_pods" {
  command = plan
  module { source = "../network" }
  variables { zones = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"] }
  assert {
    condition = [for cidr in output.load_balancer_subnet_cidrs : cidr] == [
      "10.20.248.0/23", "10.20.250.0/23", "10.20.252.0/23", "10.20.254.0/23",
    ]
    error_message = "The load balancer has other networks."
  }
  assert {
    condition = alltrue([
      for pair in setproduct(output.load_balancer_subnet_cidrs, concat(output.private_subnet_cidrs, values(local.public))) :
      cidrhost("${cidrhost(pair[0], 0)}/${split("/", pair[1])[1]}", 0) != cidrhost(pair[1], 0) &&
      cidrhost("${cidrhost(pair[1], 0)}/${split("/", pair[0])[1]}", 0) != cidrhost(pair[0], 0)
    ])
    error_message = "Nodes, pods or NAT have addresses in a network of the load balancer."
  }
}

run "the_smallest_vpc_has_room_for_a_load_balancer" {
  command = plan
  module { source = "../network" }
  variables {
    zones = ["us-east-1a", "us-east-1b"]
    cidr  = "10.20.0.0/20"
  }
  assert {
    condition     = alltrue([for cidr in output.load_balancer_subnet_cidrs : endswith(cidr, "/27")])
    error_message = "A load balancer needs a /27 in each zone."
  }
}

run "a_free_endpoint_is_not_bought" {
  command = plan
  module { source = "../network" }
  variables {
    zones               = ["us-east-1a", "us-east-1b"]
    interface_endpoints = ["ecr.api", "s3"]
  }
  expect_failures = [var.interface_endpoints]
}

run "network_needs_room" {
  command = plan
  module { source = "../network" }
  variables {
    zones = ["us-east-1a", "us-east-1b"]
    cidr  = "10.20.0.0/24"
  }
  expect_failures = [var.cidr]
}

run "names_are_short" {
  command = plan
  module { source = "../network" }
  variables {
    zones = ["us-east-1a", "us-east-1b"]
    name  = "Shop"
  }
  expect_failures = [var.name]
}

run "an_alias_is_no_key" {
  command = plan
  module { source = "../ecr" }
  variables {
    repositories = ["order"]
    kms_key_arn  = "alias/shop"
  }
  expect_failures = [var.kms_key_arn]
}

run "the_whole_internet_is_no_place_to_administer_from" {
  command = plan
  module { source = "../eks" }
  variables {
    kubernetes_version    = "1.33"
    subnet_ids            = ["subnet-1", "subnet-2"]
    pod_security_group_id = "sg-1"
    public_access_cidrs   = ["0.0.0.0/0"]
  }
  expect_failures = [var.public_access_cidrs]
}

run "kubernetes_is_not_too_old" {
  command = plan
  module { source = "../eks" }
  variables {
    kubernetes_version    = "1.29"
    subnet_ids            = ["subnet-1", "subnet-2"]
    pod_security_group_id = "sg-1"
  }
  expect_failures = [var.kubernetes_version]
}

run "github_s_subjects_with_ids" {
  command = plan
  module { source = "../delivery-role" }
  variables {
    repository      = "shop/shop"
    repository_ids  = { owner = "12", repository = "345" }
    environments    = ["ecr", "release"]
    repository_arns = ["arn:aws:ecr:us-east-1:123456789012:repository/shop/order"]
  }
  assert {
    condition = {
      for condition in one(data.aws_iam_policy_document.trust.statement).condition :
      trimprefix(condition.variable, "token.actions.githubusercontent.com:") => sort(condition.values)
      } == {
      aud           = tolist(["sts.amazonaws.com"])
      repository_id = tolist(["345"])
      sub = tolist([
        "repo:shop/shop:environment:ecr", "repo:shop/shop:environment:release",
        "repo:shop@12/shop@345:environment:ecr", "repo:shop@12/shop@345:environment:release",
      ])
    }
    error_message = "The role accepts other tokens of GitHub."
  }
}

run "an_id_is_a_number" {
  command = plan
  module { source = "../delivery-role" }
  variables {
    repository      = "shop/shop"
    repository_ids  = { owner = "*", repository = "345" }
    repository_arns = ["arn:aws:ecr:us-east-1:123456789012:repository/shop/order"]
  }
  expect_failures = [var.repository_ids]
}

run "no_repository_by_a_wildcard" {
  command = plan
  module { source = "../delivery-role" }
  variables {
    repository_ids  = null
    repository      = "shop/*"
    repository_arns = ["arn:aws:ecr:us-east-1:123456789012:repository/shop/order"]
  }
  expect_failures = [var.repository]
}

run "a_target_group_has_a_short_name" {
  command = plan
  module { source = "../gateway" }
  variables {
    vpc_id                          = "vpc-1"
    subnet_ids                      = ["subnet-1", "subnet-2"]
    vpc_link_security_group_id      = "sg-1"
    load_balancer_security_group_id = "sg-2"
    cluster_name                    = "shop"
    services                        = { a-service-with-quite-a-long-name = { namespace = "shop" } }
  }
  expect_failures = [var.services]
}

run "a_package_is_built_first" {
  command = plan
  module { source = "../order-intake" }
  variables {
    package           = "nowhere.zip"
    topic_arn         = "arn:aws:sns:us-east-1:123456789012:order-created"
    messaging_key_arn = "arn:aws:kms:us-east-1:123456789012:key/1"
    jwt               = { issuer = "https://issuer.example", audiences = ["shop"] }
  }
  expect_failures = [var.package]
}

run "logs_have_an_end_that_cloudwatch_knows" {
  command = plan
  module { source = "../log-groups" }
  variables {
    names              = ["/shop"]
    log_retention_days = 7
  }
  expect_failures = [var.log_retention_days]
}

run "keys_reach_the_environment" {
  command = plan
  module { source = "../environment" }
  variables {
    region                   = "us-east-1"
    account_id               = "123456789012"
    vpc_id                   = "vpc-1"
    subnet_ids               = ["subnet-1", "subnet-2"]
    pod_security_group_id    = "sg-1"
    messaging_key_arn        = "arn:aws:kms:us-east-1:123456789012:key/1"
    database_key_arn         = "arn:aws:kms:us-east-1:123456789012:key/2"
    table_key_arn            = "arn:aws:kms:us-east-1:123456789012:key/3"
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    cluster_name             = "shop"
  }
  assert {
    condition     = yamldecode(output.manifest).spec.aws.databaseKeyARN == var.database_key_arn
    error_message = "The manifest does not name the key of databases."
  }
  assert {
    condition     = yamldecode(output.manifest).spec.aws.tableKeyARN == var.table_key_arn
    error_message = "The manifest does not name the key of tables."
  }
}

run "the_load_balancers_networks_hold_no_pods" {
  command = plan
  module { source = "../environment" }
  variables {
    region                   = "us-east-1"
    account_id               = "123456789012"
    vpc_id                   = "vpc-1"
    subnet_ids               = ["subnet-1", "subnet-2"]
    subnet_cidrs             = ["10.20.0.0/20", "10.20.16.0/20"]
    pod_security_group_id    = "sg-1"
    messaging_key_arn        = "arn:aws:kms:us-east-1:123456789012:key/1"
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    cluster_name             = "shop"
    api_gateway = {
      name         = "shop"
      vpc_link_id  = "link"
      listener_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/a/b/c"
      source_cidrs = ["10.20.248.0/23", "10.20.16.128/25"]
    }
  }
  expect_failures = [var.api_gateway]
}

run "no_network_around_that_of_the_pods" {
  command = plan
  module { source = "../environment" }
  variables {
    region                   = "us-east-1"
    account_id               = "123456789012"
    vpc_id                   = "vpc-1"
    subnet_ids               = ["subnet-1", "subnet-2"]
    subnet_cidrs             = ["10.20.0.0/20", "10.20.16.0/20"]
    pod_security_group_id    = "sg-1"
    messaging_key_arn        = "arn:aws:kms:us-east-1:123456789012:key/1"
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    cluster_name             = "shop"
    api_gateway = {
      name         = "shop"
      vpc_link_id  = "link"
      listener_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/a/b/c"
      source_cidrs = ["10.20.0.0/16"]
    }
  }
  expect_failures = [var.api_gateway]
}

run "an_issuer_reaches_the_environment" {
  command = plan
  module { source = "../environment" }
  variables {
    region                   = "us-east-1"
    account_id               = "123456789012"
    vpc_id                   = "vpc-1"
    subnet_ids               = ["subnet-1", "subnet-2"]
    pod_security_group_id    = "sg-1"
    messaging_key_arn        = "arn:aws:kms:us-east-1:123456789012:key/1"
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    cluster_name             = "shop"
    auth                     = { issuer = "https://issuer.example", audiences = ["shop"] }
    api_gateway = {
      name         = "shop"
      vpc_link_id  = "link"
      listener_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/a/b/c"
      source_cidrs = ["10.20.248.0/23"]
    }
  }
  assert {
    condition     = jsonencode(yamldecode(output.manifest).spec.aws.apiGateway.auth) == jsonencode({ jwt = var.auth })
    error_message = "The manifest does not name the issuer."
  }
}

run "a_function_of_cognito_is_built_first" {
  command = plan
  module { source = "../identity" }
  variables {
    package       = "nowhere.zip"
    callback_urls = ["https://shop.example/signed-in"]
  }
  expect_failures = [var.package]
}

run "support_is_standard_or_extended" {
  command = plan
  module { source = "../eks" }
  variables {
    kubernetes_version    = "1.36"
    subnet_ids            = ["subnet-1", "subnet-2"]
    pod_security_group_id = "sg-1"
    support_type          = "NONE"
  }
  expect_failures = [var.support_type]
}

run "the_boundary_takes_keys_of_tables" {
  command = plan
  module { source = "../service-boundary" }
  variables {
    messaging_key_arn = "arn:aws:kms:us-east-1:123456789012:key/1"
    table_key_arns    = ["arn:aws:kms:us-east-1:123456789012:key/3"]
  }
  assert {
    condition = [
      for statement in data.aws_iam_policy_document.boundary.statement : statement.resources if statement.sid == "TableKeys"
    ] == [toset(var.table_key_arns)]
    error_message = "The boundary does not allow the keys of tables."
  }
}

run "a_role_reaches_the_environment" {
  command = plan
  module { source = "../environment" }
  variables {
    region                   = "us-east-1"
    account_id               = "210987654321"
    role_arn                 = "arn:aws:iam::210987654321:role/operator"
    external_id              = "prod"
    oidc_provider_arn        = "arn:aws:iam::210987654321:oidc-provider/oidc.example/id/ABC"
    vpc_id                   = "vpc-1"
    subnet_ids               = ["subnet-1", "subnet-2"]
    pod_security_group_id    = "sg-1"
    messaging_key_arn        = "arn:aws:kms:us-east-1:210987654321:key/1"
    permissions_boundary_arn = "arn:aws:iam::210987654321:policy/boundary"
  }
  assert {
    condition = [for name in ["roleARN", "externalID"] : yamldecode(output.manifest).spec.aws[name]] == [
      var.role_arn, var.external_id,
    ]
    error_message = "The manifest does not name the role with its external ID."
  }
  assert {
    condition     = yamldecode(output.manifest).spec.aws.identity == { type = "IRSA", oidcProviderARN = var.oidc_provider_arn }
    error_message = "The manifest does not let pods use IRSA."
  }
}

run "pods_get_roles_in_one_way" {
  command = plan
  module { source = "../environment" }
  variables {
    region                   = "us-east-1"
    account_id               = "123456789012"
    vpc_id                   = "vpc-1"
    subnet_ids               = ["subnet-1", "subnet-2"]
    pod_security_group_id    = "sg-1"
    messaging_key_arn        = "arn:aws:kms:us-east-1:123456789012:key/1"
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
  }
  expect_failures = [var.oidc_provider_arn]
}

run "no_wildcard_of_roles_to_assume" {
  command = plan
  module { source = "../operator-iam" }
  variables {
    cluster_name             = "shop"
    cluster_id               = "11111111-2222-3333-4444-555555555555"
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    environment_role_arns    = ["arn:aws:iam::210987654321:role/*"]
  }
  expect_failures = [var.environment_role_arns]
}

run "the_operator_may_assume_exactly_the_listed_roles" {
  command = plan
  module { source = "../operator-iam" }
  variables {
    cluster_name             = "shop"
    cluster_id               = "11111111-2222-3333-4444-555555555555"
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    environment_role_arns    = ["arn:aws:iam::210987654321:role/operator"]
  }
  assert {
    condition     = one(data.aws_iam_policy_document.environments.statement).resources == toset(var.environment_role_arns)
    error_message = "The operator may assume other roles than those that are listed."
  }
  assert {
    condition     = length(aws_iam_role_policy.environments) == 1
    error_message = "The operator's role has no policy to assume roles."
  }
}

run "the_role_of_another_account_needs_the_external_id" {
  command = plan
  module { source = "../environment-account" }
  variables {
    operator_role_arn        = "arn:aws:iam::123456789012:role/microservice-operator"
    external_id              = "prod"
    cluster_id               = "11111111-2222-3333-4444-555555555555"
    permissions_boundary_arn = "arn:aws:iam::210987654321:policy/boundary"
  }
  assert {
    condition = [
      for statement in data.aws_iam_policy_document.trust.statement : [
        one(statement.principals).identifiers, one(statement.condition).variable, one(statement.condition).values,
      ] if contains(statement.actions, "sts:AssumeRole")
    ] == [[toset([var.operator_role_arn]), "sts:ExternalId", tolist([var.external_id])]]
    error_message = "Others than the operator, or it without the external ID, can assume the role."
  }
}

run "not_everybody_assumes_the_role_of_another_account" {
  command = plan
  module { source = "../environment-account" }
  variables {
    operator_role_arn        = "arn:aws:iam::123456789012:role/*"
    external_id              = "prod"
    cluster_id               = "11111111-2222-3333-4444-555555555555"
    permissions_boundary_arn = "arn:aws:iam::210987654321:policy/boundary"
  }
  expect_failures = [var.operator_role_arn]
}
