output "url" {
  description = "Address of the API."
  value       = "https://${var.domain_name}"

  # Before, the name leads nowhere.
  depends_on = [aws_apigatewayv2_api_mapping.this, aws_route53_record.alias]
}
