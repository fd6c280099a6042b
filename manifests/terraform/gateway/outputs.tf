output "vpc_link_id" {
  description = "ID of the VPC link, for spec.aws.apiGateway.vpcLinkID of the Environment."
  value       = aws_apigatewayv2_vpc_link.this.id
}

output "listener_arn" {
  description = "ARN of the listener, for spec.aws.apiGateway.listenerARN of the Environment."
  value       = aws_lb_listener.http.arn
}

output "target_group_bindings" {
  description = "TargetGroupBindings for the AWS Load Balancer Controller, one for each service."
  value       = join("---\n", [for binding in local.bindings : yamlencode(binding)])
}
