# The function that adds the scopes. Sign-in fails while it fails, so it calls nothing.

data "aws_iam_policy_document" "function_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${var.name}-scopes"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

data "aws_iam_policy_document" "function" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function.arn}:*"]
  }
}

resource "aws_iam_role" "function" {
  name               = "${var.name}-scopes"
  assume_role_policy = data.aws_iam_policy_document.function_trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "function" {
  name   = "write-logs"
  role   = aws_iam_role.function.id
  policy = data.aws_iam_policy_document.function.json
}

resource "aws_lambda_function" "scopes" {
  # checkov:skip=CKV_AWS_50:the function calls nothing, so a trace would show one segment
  # checkov:skip=CKV_AWS_115:a limit would refuse sign-ins, and new accounts have no concurrency to reserve
  # checkov:skip=CKV_AWS_116:Cognito calls it and waits for its answer
  # checkov:skip=CKV_AWS_117:it calls nothing, so a VPC would protect nothing
  # checkov:skip=CKV_AWS_272:its source is next to this file; Signer would add another key to manage
  function_name = "${var.name}-scopes"
  description   = "Adds the groups of a user to the scopes of the access token"
  role          = aws_iam_role.function.arn
  handler       = "scopes.handler"
  runtime       = "python3.13"
  filename      = var.package
  # Of the source: the zip contains the time of its build.
  source_code_hash = filebase64sha256("${path.module}/scopes.py")
  kms_key_arn      = var.kms_key_arn
  memory_size      = 128
  timeout          = 3
  tags             = var.tags

  environment {
    variables = {
      SCOPE_PREFIX = var.prefix
      SCOPES       = join(" ", keys(local.scopes))
    }
  }

  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.function]
}

resource "aws_lambda_permission" "cognito" {
  statement_id  = "cognito"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.scopes.function_name
  principal     = "cognito-idp.amazonaws.com"
  source_arn    = aws_cognito_user_pool.this.arn
}
