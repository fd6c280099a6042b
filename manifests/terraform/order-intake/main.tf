# A function receives orders: API Gateway → Lambda → DynamoDB → SNS. A second function confirms them after the topic's event.

locals {
  # One package contains two functions.
  functions = {
    intake = {
      description = "Receives orders"
      handler     = "order_intake.handler.lambda_handler"
      concurrency = var.concurrency
    }
    confirmations = {
      description = "Confirms orders after the topic's event"
      handler     = "order_intake.confirmations.lambda_handler"
      concurrency = null # its event source has its own maximum
    }
  }
}

resource "aws_dynamodb_table" "orders" {
  name                        = "${var.name}-Orders"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "orderId"
  deletion_protection_enabled = var.deletion_protection
  tags                        = var.tags

  attribute {
    name = "orderId"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }
}

# Stores the answer to each request, so that a repeated request gets the same one. Items expire.
resource "aws_dynamodb_table" "idempotency" {
  name         = "${var.name}-order-idempotency"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  tags         = var.tags

  attribute {
    name = "id"
    type = "S"
  }

  ttl {
    attribute_name = "expiration"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.functions

  name              = "/aws/lambda/${var.name}-order-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_lambda_function" "this" {
  # checkov:skip=CKV_AWS_117:the functions call only DynamoDB and SNS, over public endpoints with their roles; a VPC would add NAT but no protection
  # checkov:skip=CKV_AWS_115:a new account has no concurrency to reserve; the stage and the event source limit both functions
  # checkov:skip=CKV_AWS_116:neither function is called asynchronously; API Gateway waits for one, and SQS keeps the dead letters of the other
  # checkov:skip=CKV_AWS_272:the package is built from locked requirements and its hash is in the plan; Signer would add another key to manage
  for_each = local.functions

  function_name                  = "${var.name}-order-${each.key}"
  description                    = each.value.description
  role                           = aws_iam_role.function[each.key].arn
  handler                        = each.value.handler
  runtime                        = var.runtime
  architectures                  = [var.architecture]
  filename                       = var.package
  source_code_hash               = filebase64sha256(var.package)
  kms_key_arn                    = var.kms_key_arn
  memory_size                    = 512
  timeout                        = 10
  reserved_concurrent_executions = each.value.concurrency
  tags                           = var.tags

  environment {
    variables = {
      ORDERS_TABLE            = aws_dynamodb_table.orders.name
      IDEMPOTENCY_TABLE       = aws_dynamodb_table.idempotency.name
      ORDER_CREATED_TOPIC_ARN = var.topic_arn
      POWERTOOLS_LOG_LEVEL    = "INFO"
    }
  }

  tracing_config {
    mode = "Active"
  }

  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.function]
}
