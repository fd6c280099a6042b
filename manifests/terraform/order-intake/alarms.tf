locals {
  of_functions = {
    errors    = { metric = "Errors", statistic = "Sum", threshold = 1, description = "fails; its log shows the cause for each requestId" }
    throttles = { metric = "Throttles", statistic = "Sum", threshold = 1, description = "is throttled; raise its concurrency or make it faster" }
    duration  = { metric = "Duration", statistic = "Maximum", threshold = 8000, description = "approaches its timeout of 10 s" }
  }

  alarms_of_functions = merge([
    for name, function in aws_lambda_function.this : {
      for kind, alarm in local.of_functions : "${name}-${kind}" => {
        description = "The function ${function.function_name} ${alarm.description}"
        namespace   = "AWS/Lambda", metric = alarm.metric, statistic = alarm.statistic, threshold = alarm.threshold
        dimensions  = { FunctionName = function.function_name }
      }
    }
  ]...)

  alarms = merge(local.alarms_of_functions, {
    server-errors = {
      description = "API Gateway answers 5xx"
      namespace   = "AWS/ApiGateway", metric = "5xx", statistic = "Sum", threshold = 1
      dimensions  = { ApiId = aws_apigatewayv2_api.intake.id }
    }
    dead-letters = {
      description = "A confirmation failed five times; read the message in ${aws_sqs_queue.dead.name}, fix the cause and redrive it"
      namespace   = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", statistic = "Maximum", threshold = 1
      dimensions  = { QueueName = aws_sqs_queue.dead.name }
    }
  })
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-order-${each.key}"
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
