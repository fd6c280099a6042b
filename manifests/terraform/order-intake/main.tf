# Orders taken in by a function: API Gateway → Lambda → DynamoDB → SNS, and confirmed when the topic has told of them.

locals {
  # One package, two functions.
  functions = {
    intake = {
      description = "Takes orders in"
      handler     = "order_intake.handler.lambda_handler"
      concurrency = var.concurrency
    }
    confirmations = {
      description = "Confirms orders that the topic told of"
      handler     = "order_intake.confirmations.lambda_handler"
      concurrency = 5
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

# What was answered to which request, so that a repeated one gets the same answer; rows end by themselves.
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
  # checkov:skip=CKV_AWS_117:they reach DynamoDB and SNS alone, by public endpoints and their roles; a VPC would add NAT and no wall
  # checkov:skip=CKV_AWS_116:API Gateway waits for the one, SQS has the dead letters of the other; neither is called asynchronously
  # checkov:skip=CKV_AWS_272:the package is built from locked requirements and its hash is in the plan; Signer is one more key to keep
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
