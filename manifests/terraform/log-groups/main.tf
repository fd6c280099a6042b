# Log groups exist before the first line, so that each has an end and a key: one that CloudWatch makes by itself has neither.

resource "aws_cloudwatch_log_group" "this" {
  for_each = var.names

  name              = each.key
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_cloudwatch_log_metric_filter" "errors" {
  for_each = var.error_metrics

  name           = "${each.key}-errors"
  log_group_name = aws_cloudwatch_log_group.this[each.value].name
  # Lines of the services are JSON; the collector puts them into `log` or leaves them as they are.
  pattern = "{ ($.level = \"error\" && $.service = \"${each.key}\") || ($.log_processed.level = \"error\" && $.log_processed.service = \"${each.key}\") }"

  metric_transformation {
    name          = "Errors-${each.key}"
    namespace     = "Shop"
    value         = "1"
    default_value = "0"
  }
}
