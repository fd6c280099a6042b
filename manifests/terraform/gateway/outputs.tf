output "vpc_link_id" {
  description = "VPC link: spec.aws.apiGateway.vpcLinkID of the Environment."
  value       = aws_apigatewayv2_vpc_link.this.id
}

output "listener_arn" {
  description = "Listener: spec.aws.apiGateway.listenerARN of the Environment."
  value       = aws_lb_listener.http.arn
}

output "target_group_bindings" {
  description = "Objects for the cluster, one for each service; the AWS Load Balancer Controller reads them."
  value       = join("---\n", [for binding in local.bindings : yamlencode(binding)])
}
