# Creates no resources: it renders the other modules' outputs as an Environment.

locals {
  gateway = var.api_gateway == null ? {} : {
    apiGateway = merge(
      {
        name        = var.api_gateway.name
        vpcLinkID   = var.api_gateway.vpc_link_id
        listenerARN = var.api_gateway.listener_arn
        stage       = var.api_gateway.stage
        sourceCIDRs = var.api_gateway.source_cidrs
      },
      var.auth == null ? {} : { auth = { jwt = { issuer = var.auth.issuer, audiences = var.auth.audiences } } },
      length(var.api_gateway.cors_origins) > 0 ? { corsOrigins = var.api_gateway.cors_origins } : {},
      var.api_gateway.throttling == null ? {} : {
        throttling = {
          requestsPerSecond = var.api_gateway.throttling.requests_per_second
          burst             = var.api_gateway.throttling.burst
        }
      },
      {
        for name, value in {
          pathPrefix        = var.api_gateway.path_prefix
          accessLogGroupARN = var.api_gateway.access_log_group_arn
          deletionPolicy    = var.api_gateway.deletion_policy
        } : name => value if value != null
      },
      {
        for name, value in {
          maxRoutes      = var.api_gateway.max_routes
          maxAuthorizers = var.api_gateway.max_authorizers
        } : name => value if value != null
      },
      var.api_gateway.disable_execute_api_endpoint == null ? {} : {
        disableExecuteAPIEndpoint = var.api_gateway.disable_execute_api_endpoint
      },
    )
  }

  identity = merge(
    { type = var.oidc_provider_arn == null ? "PodIdentity" : "IRSA" },
    var.oidc_provider_arn == null ? { clusterName = var.cluster_name } : { oidcProviderARN = var.oidc_provider_arn },
  )

  manifest = {
    apiVersion = "microservice-operator.dev/v1alpha1"
    kind       = "Environment"
    metadata = {
      name        = var.name
      annotations = var.default ? { "microservice-operator.dev/default" = "true" } : {}
    }
    spec = {
      tags = var.tags
      aws = merge(
        {
          region                 = var.region
          accountID              = var.account_id
          vpcID                  = var.vpc_id
          subnetIDs              = var.subnet_ids
          podSecurityGroupID     = var.pod_security_group_id
          messagingKeyARN        = var.messaging_key_arn
          permissionsBoundaryARN = var.permissions_boundary_arn
          identity               = local.identity
        },
        var.role_arn == null ? {} : { roleARN = var.role_arn },
        var.external_id == null ? {} : { externalID = var.external_id },
        local.gateway,
        var.database_key_arn == null ? {} : { databaseKeyARN = var.database_key_arn },
        var.table_key_arn == null ? {} : { tableKeyARN = var.table_key_arn },
      )
      databases = {
        provider = "rds"
        rds = {
          sizes       = var.database_sizes
          caSecretRef = var.database_ca_secret
        }
      }
      defaults = { replicas = var.default_replicas }
      metrics  = { scraper = { namespace = var.metrics_scraper.namespace, podLabels = var.metrics_scraper.pod_labels } }
    }
  }
}
