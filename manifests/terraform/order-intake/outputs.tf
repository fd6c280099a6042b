output "endpoint" {
  description = "URL for POST /orders."
  value       = aws_apigatewayv2_api.intake.api_endpoint
}

output "function_names" {
  description = "Names of the two functions, by role: intake and confirmations."
  value       = { for name, function in aws_lambda_function.this : name => function.function_name }
}

output "table_name" {
  description = "Name of the orders table."
  value       = aws_dynamodb_table.orders.name
}
