output "vpc_link_id" {
  description = "ID of the VPC link, for spec.aws.apiGateway.vpcLinkID of the Environment."
  value       = aws_apigatewayv2_vpc_link.this.id
}

output "listener_arn" {
  description = "ARN of the listener, for spec.aws.apiGateway.listenerARN of the Environment."
  value       = aws_lb_listener.http.arn
}

output "controller_values" {
  description = "Helm values of the AWS Load Balancer Controller. It cannot ask the node for vpcId and region: pods do not reach the metadata of their node."
  value = yamlencode({
    clusterName    = var.cluster_name
    region         = data.aws_region.here.id
    vpcId          = var.vpc_id
    serviceAccount = { create = true, name = aws_eks_pod_identity_association.controller.service_account }
    # It registers pods in target groups of Terraform, and nothing else.
    enableShield                = false
    enableWaf                   = false
    enableWafv2                 = false
    createIngressClassResource  = false
    enableServiceMutatorWebhook = false
  })
}

output "target_group_bindings" {
  description = "TargetGroupBindings for the AWS Load Balancer Controller, one for each service."
  value       = join("---\n", [for binding in local.bindings : yamlencode(binding)])
}
