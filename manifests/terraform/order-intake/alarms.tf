locals {
  alarms = {
    errors = {
      description = "The function fails: its log says why, by requestId"
      namespace   = "AWS/Lambda", metric = "Errors", statistic = "Sum", threshold = 1
      dimensions  = { FunctionName = aws_lambda_function.intake.function_name }
    }
    throttles = {
      description = "Orders are refused because all concurrency is in use: raise it, or find what is slow"
      namespace   = "AWS/Lambda", metric = "Throttles", statistic = "Sum", threshold = 1
      dimensions  = { FunctionName = aws_lambda_function.intake.function_name }
    }
    duration = {
      description = "The function comes near to its timeout of 10 s"
      namespace   = "AWS/Lambda", metric = "Duration", statistic = "Maximum", threshold = 8000
      dimensions  = { FunctionName = aws_lambda_function.intake.function_name }
    }
    server-errors = {
      description = "API Gateway answers 5xx"
      namespace   = "AWS/ApiGateway", metric = "5xx", statistic = "Sum", threshold = 1
      dimensions  = { ApiId = aws_apigatewayv2_api.intake.id }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-order-intake-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  statistic           = each.value.statistic
  dimensions          = each.value.dimensions
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 2
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}
