output "endpoint" {
  description = "Address that takes POST /orders."
  value       = aws_apigatewayv2_api.intake.api_endpoint
}

output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.intake.function_name
}

output "table_name" {
  description = "Name of the table of orders."
  value       = aws_dynamodb_table.orders.name
}
