# VPC link → load balancer → pods: each accepts connections only from the previous one.

resource "aws_security_group" "vpc_link" {
  # checkov:skip=CKV2_AWS_5:other modules attach this group
  name        = "${var.name}-vpc-link"
  description = "VPC link of API Gateway"
  vpc_id      = aws_vpc.this.id
  tags        = merge(var.tags, { Name = "${var.name}-vpc-link" })
}

resource "aws_security_group" "load_balancer" {
  # checkov:skip=CKV2_AWS_5:other modules attach this group
  name        = "${var.name}-load-balancer"
  description = "Internal load balancer before the microservices"
  vpc_id      = aws_vpc.this.id
  tags        = merge(var.tags, { Name = "${var.name}-load-balancer" })
}

resource "aws_security_group" "microservices" {
  # checkov:skip=CKV2_AWS_5:other modules attach this group
  name        = "${var.name}-microservices"
  description = "Pods of the microservices; only this group may connect to their databases"
  vpc_id      = aws_vpc.this.id
  tags        = merge(var.tags, { Name = "${var.name}-microservices" })

  lifecycle {
    # AWS cannot change it: an existing group would be replaced.
    ignore_changes = [description]
  }
}

resource "aws_vpc_security_group_egress_rule" "link_to_load_balancer" {
  security_group_id            = aws_security_group.vpc_link.id
  description                  = "To the load balancer"
  ip_protocol                  = "tcp"
  from_port                    = 80
  to_port                      = 80
  referenced_security_group_id = aws_security_group.load_balancer.id
  tags                         = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer_from_link" {
  # checkov:skip=CKV_AWS_260:the source is a security group, not a network
  security_group_id            = aws_security_group.load_balancer.id
  description                  = "From the VPC link"
  ip_protocol                  = "tcp"
  from_port                    = 80
  to_port                      = 80
  referenced_security_group_id = aws_security_group.vpc_link.id
  tags                         = var.tags
}

resource "aws_vpc_security_group_egress_rule" "load_balancer_to_microservices" {
  security_group_id            = aws_security_group.load_balancer.id
  description                  = "To the pods"
  ip_protocol                  = "tcp"
  from_port                    = 8080
  to_port                      = 8080
  referenced_security_group_id = aws_security_group.microservices.id
  tags                         = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "microservices_from_load_balancer" {
  security_group_id            = aws_security_group.microservices.id
  description                  = "From the load balancer"
  ip_protocol                  = "tcp"
  from_port                    = 8080
  to_port                      = 8080
  referenced_security_group_id = aws_security_group.load_balancer.id
  tags                         = var.tags
}

resource "aws_vpc_security_group_egress_rule" "microservices" {
  for_each = {
    https    = { description = "To AWS, registries and the API server", protocol = "tcp", port = 443, cidr = "0.0.0.0/0" }
    postgres = { description = "To databases", protocol = "tcp", port = 5432, cidr = var.cidr }
    dns      = { description = "To DNS", protocol = "udp", port = 53, cidr = var.cidr }
    dns-tcp  = { description = "To DNS over TCP", protocol = "tcp", port = 53, cidr = var.cidr }
  }

  security_group_id = aws_security_group.microservices.id
  description       = each.value.description
  ip_protocol       = each.value.protocol
  from_port         = each.value.port
  to_port           = each.value.port
  cidr_ipv4         = each.value.cidr
  tags              = var.tags
}
