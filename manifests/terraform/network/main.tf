# Creates a VPC with three subnets in each zone. Nodes, pods and databases use the private ones. They reach the Internet through
# NAT, and DynamoDB and S3 through free gateway endpoints. The internal load balancer has its own subnets: NetworkPolicies
# allow its networks, and a network that also holds pods would open every service to every pod.

data "aws_region" "here" {}

locals {
  # The position of a zone in the list determines its CIDR blocks, so add new zones at the end.
  zones   = { for index, zone in var.zones : zone => index }
  private = { for zone, index in local.zones : zone => cidrsubnet(var.cidr, 4, index) }
  public  = { for zone, index in local.zones : zone => cidrsubnet(var.cidr, 8, 240 + index) }
  # A load balancer needs at least a /27 in each zone, which this is in a VPC of /20.
  load_balancer = { for zone, index in local.zones : zone => cidrsubnet(var.cidr, 7, 124 + index) }

  nat = var.nat_for_each_zone ? local.zones : { for zone, index in local.zones : zone => index if index == 0 }
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_hostnames = true
  enable_dns_support   = true
  tags                 = merge(var.tags, { Name = var.name })
}

# Every VPC has a default security group with open rules. It gets no rules, which prevents accidental use.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = "${var.name}-default-closed" })
}

resource "aws_subnet" "private" {
  for_each = local.private

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value
  tags = merge(var.tags, {
    Name = "${var.name}-private-${each.key}"
  })
}

resource "aws_subnet" "load_balancer" {
  for_each = local.load_balancer

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value
  tags              = merge(var.tags, { Name = "${var.name}-load-balancer-${each.key}" })
}

resource "aws_subnet" "public" {
  for_each = local.public

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value
  tags              = merge(var.tags, { Name = "${var.name}-public-${each.key}" })
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = var.name })
}

resource "aws_eip" "nat" {
  for_each = local.nat

  domain = "vpc"
  tags   = merge(var.tags, { Name = "${var.name}-nat-${each.key}" })
}

resource "aws_nat_gateway" "this" {
  for_each = local.nat

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.public[each.key].id
  tags          = merge(var.tags, { Name = "${var.name}-${each.key}" })

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = "${var.name}-public" })
}

resource "aws_route" "internet" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table_association" "public" {
  for_each = local.zones

  subnet_id      = aws_subnet.public[each.key].id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table" "private" {
  for_each = local.zones

  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = "${var.name}-private-${each.key}" })
}

resource "aws_route" "nat" {
  for_each = local.zones

  route_table_id         = aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[var.nat_for_each_zone ? each.key : var.zones[0]].id
}

resource "aws_route_table_association" "private" {
  for_each = local.zones

  subnet_id      = aws_subnet.private[each.key].id
  route_table_id = aws_route_table.private[each.key].id
}

# Routes inside the VPC only: the load balancer calls pods, and nothing else.
resource "aws_route_table" "load_balancer" {
  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = "${var.name}-load-balancer" })
}

resource "aws_route_table_association" "load_balancer" {
  for_each = local.zones

  subnet_id      = aws_subnet.load_balancer[each.key].id
  route_table_id = aws_route_table.load_balancer.id
}

resource "aws_vpc_endpoint" "gateway" {
  for_each = toset(["dynamodb", "s3"])

  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${data.aws_region.here.id}.${each.key}"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for table in aws_route_table.private : table.id]
  tags              = merge(var.tags, { Name = "${var.name}-${each.key}" })
}
