# Creates log groups with retention and encryption, which groups that AWS creates itself do not have, and counts the errors of
# services.

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
  log_group_name = each.value
  # The services log JSON lines. The collector wraps each line in `log` or leaves it unchanged.
  pattern = "{ ($.level = \"error\" && $.service = \"${each.key}\") || ($.log_processed.level = \"error\" && $.log_processed.service = \"${each.key}\") }"

  metric_transformation {
    name          = "Errors-${each.key}"
    namespace     = "Shop"
    value         = "1"
    default_value = "0"
  }

  depends_on = [aws_cloudwatch_log_group.this]
}
