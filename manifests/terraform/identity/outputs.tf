output "auth" {
  description = "Issuer and audiences of the tokens, for spec.aws.apiGateway.auth.jwt of the Environment. An access token names the client in client_id."
  value = {
    issuer    = "https://cognito-idp.${data.aws_region.here.id}.${data.aws_partition.here.dns_suffix}/${aws_cognito_user_pool.this.id}"
    audiences = [aws_cognito_user_pool_client.this.id]
  }
}

output "user_pool_id" {
  description = "ID of the user pool, for aws cognito-idp admin-add-user-to-group."
  value       = aws_cognito_user_pool.this.id
}
