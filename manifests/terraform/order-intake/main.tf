# Orders taken in by a function: API Gateway → Lambda → DynamoDB → SNS. What comes after the topic is the order service's.

data "aws_caller_identity" "here" {}

data "aws_partition" "here" {}

data "aws_region" "here" {}

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
  name              = "/aws/lambda/${var.name}-order-intake"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_lambda_function" "intake" {
  # checkov:skip=CKV_AWS_117:it reaches DynamoDB and SNS alone, by their public endpoints and its role; a VPC would add NAT and no wall
  # checkov:skip=CKV_AWS_116:it is called by API Gateway and the caller waits for it; a dead letter queue is for asynchronous calls
  # checkov:skip=CKV_AWS_272:the package is built from locked requirements and its hash is in the plan; Signer is one more key to keep
  function_name                  = "${var.name}-order-intake"
  description                    = "Takes orders in"
  role                           = aws_iam_role.function.arn
  handler                        = var.handler
  runtime                        = var.runtime
  architectures                  = [var.architecture]
  filename                       = var.package
  source_code_hash               = filebase64sha256(var.package)
  kms_key_arn                    = var.kms_key_arn
  memory_size                    = 512
  timeout                        = 10
  reserved_concurrent_executions = var.concurrency
  tags                           = var.tags

  environment {
    variables = {
      ORDERS_TABLE                 = aws_dynamodb_table.orders.name
      IDEMPOTENCY_TABLE            = aws_dynamodb_table.idempotency.name
      ORDER_CREATED_TOPIC_ARN      = var.topic_arn
      POWERTOOLS_SERVICE_NAME      = "order-intake"
      POWERTOOLS_METRICS_NAMESPACE = "Shop"
      LOG_LEVEL                    = "INFO"
    }
  }

  tracing_config {
    mode = "Active"
  }

  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.function]
}
