output "vpc_id" {
  description = "ID of the VPC, for spec.aws.vpcID of the Environment."
  value       = aws_vpc.this.id
}

output "private_subnet_ids" {
  description = "Private subnets, in the order of the zones, for spec.aws.subnetIDs of the Environment."
  value       = [for zone in var.zones : aws_subnet.private[zone].id]
}

output "private_subnet_cidrs" {
  description = "Networks of nodes, pods and databases, in the order of the zones. They must not be in spec.aws.apiGateway.sourceCIDRs."
  value       = [for zone in var.zones : local.private[zone]]
}

output "load_balancer_subnet_ids" {
  description = "Subnets of the VPC link and the internal load balancer, in the order of the zones. No pod may use them."
  value       = [for zone in var.zones : aws_subnet.load_balancer[zone].id]
}

output "load_balancer_subnet_cidrs" {
  description = "Networks of the load balancer, for spec.aws.apiGateway.sourceCIDRs of the Environment."
  value       = [for zone in var.zones : local.load_balancer[zone]]
}

output "public_subnet_ids" {
  description = "Public subnets, in the order of the zones."
  value       = [for zone in var.zones : aws_subnet.public[zone].id]
}

output "microservices_security_group_id" {
  description = "Security group of the pods, for spec.aws.podSecurityGroupID of the Environment."
  value       = aws_security_group.microservices.id
}

output "load_balancer_security_group_id" {
  description = "Security group of the internal load balancer."
  value       = aws_security_group.load_balancer.id
}

output "vpc_link_security_group_id" {
  description = "Security group of API Gateway's VPC link."
  value       = aws_security_group.vpc_link.id
}
