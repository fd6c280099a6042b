# An issuer of tokens for the routes of the shop: users sign in at Amazon Cognito, and their groups become scopes.
#
# Cognito gives a scope of a resource server to every user of a client that may request it, and writes it as SERVER/NAME. A scope
# that only some users have, such as shop:admin, needs the function below: it adds the groups of the user to the access token.

data "aws_region" "here" {}

data "aws_partition" "here" {}

locals {
  scopes = { for name, description in var.scopes : "${var.prefix}:${name}" => description }
}

resource "aws_cognito_user_pool" "this" {
  name                = var.name
  user_pool_tier      = "ESSENTIALS" # the first tier whose triggers change access tokens
  deletion_protection = var.deletion_protection ? "ACTIVE" : "INACTIVE"
  mfa_configuration   = "OPTIONAL"
  username_attributes = ["email"]
  tags                = var.tags

  auto_verified_attributes = ["email"]

  admin_create_user_config {
    allow_admin_create_user_only = !var.self_registration
  }

  software_token_mfa_configuration {
    enabled = true
  }

  password_policy {
    minimum_length                   = 14
    require_lowercase                = false
    require_numbers                  = false
    require_symbols                  = false
    require_uppercase                = false
    temporary_password_validity_days = 3
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }

  username_configuration {
    case_sensitive = false
  }

  lambda_config {
    pre_token_generation_config {
      lambda_arn     = aws_lambda_function.scopes.arn
      lambda_version = "V3_0"
    }
  }
}

resource "aws_cognito_resource_server" "this" {
  user_pool_id = aws_cognito_user_pool.this.id
  identifier   = var.prefix
  name         = var.prefix

  dynamic "scope" {
    for_each = var.scopes

    content {
      scope_name        = scope.key
      scope_description = scope.value
    }
  }
}

# Members have the scope of the same name.
resource "aws_cognito_user_group" "scope" {
  for_each = local.scopes

  user_pool_id = aws_cognito_user_pool.this.id
  name         = each.key
  description  = each.value
}

# A public client, as a page in a browser or a command line is one: it keeps no secret and uses PKCE.
resource "aws_cognito_user_pool_client" "this" {
  user_pool_id = aws_cognito_user_pool.this.id
  name         = var.name

  generate_secret                      = false
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["code"]
  allowed_oauth_scopes                 = ["email", "openid", "profile"]
  supported_identity_providers         = ["COGNITO"]
  callback_urls                        = var.callback_urls
  logout_urls                          = var.logout_urls
  explicit_auth_flows                  = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"]
  prevent_user_existence_errors        = "ENABLED"
  enable_token_revocation              = true
  access_token_validity                = 15
  id_token_validity                    = 15
  refresh_token_validity               = 1

  # An access token stays valid until its end, also after its owner left a group.
  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "days"
  }
}

# The sign-in pages of Cognito. Without them, clients sign in with the API of Cognito.
resource "aws_cognito_user_pool_domain" "this" {
  count = var.domain_prefix == null ? 0 : 1

  user_pool_id = aws_cognito_user_pool.this.id
  domain       = var.domain_prefix
}
