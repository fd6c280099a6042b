# Connects API Gateway with the pods. The operator creates the API and its routes on top of it. The header x-microservice selects
# the target group; the operator sets it in the integration, and callers cannot override it.

resource "aws_apigatewayv2_vpc_link" "this" {
  name               = var.name
  subnet_ids         = var.subnet_ids
  security_group_ids = [var.vpc_link_security_group_id]
  tags               = var.tags

  lifecycle {
    # The operator's integrations use the old one until the Environment names the new one.
    create_before_destroy = true
  }
}

resource "aws_lb" "this" {
  # checkov:skip=CKV_AWS_91:API Gateway writes the access log, with route and caller, if the Environment names a log group
  # checkov:skip=CKV2_AWS_28:a firewall is optional: see web_acl_arn
  # checkov:skip=CKV2_AWS_20:plain HTTP inside the VPC, between the VPC link and the pods: see the listener
  name                       = var.name
  load_balancer_type         = "application"
  internal                   = true
  subnets                    = var.subnet_ids
  security_groups            = [var.load_balancer_security_group_id]
  drop_invalid_header_fields = true
  enable_deletion_protection = var.deletion_protection
  tags                       = var.tags
}

# AWS WAF protects no HTTP API, so this is the first place on the way where it can look at a request. The requests come from
# the VPC link: rules by IP address of the client do not work here, rules by content do.
resource "aws_wafv2_web_acl_association" "this" {
  count = var.web_acl_arn == null ? 0 : 1

  resource_arn = aws_lb.this.arn
  web_acl_arn  = var.web_acl_arn
}

resource "aws_lb_listener" "http" {
  # checkov:skip=CKV_AWS_2:the operator's integrations use HTTP (decision 6); only the VPC link's security group can connect
  # checkov:skip=CKV_AWS_103:as above
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"
  tags              = var.tags

  default_action {
    type = "fixed-response"

    fixed_response {
      status_code  = "404"
      content_type = "application/json"
      message_body = jsonencode({ message = "Not Found" })
    }
  }
}

resource "aws_lb_target_group" "service" {
  # checkov:skip=CKV_AWS_378:as the listener
  for_each = var.services

  name                 = "${var.name}-${each.key}"
  port                 = 8080
  protocol             = "HTTP"
  target_type          = "ip"
  vpc_id               = var.vpc_id
  deregistration_delay = 30
  tags                 = var.tags

  health_check {
    path                = each.value.health_path
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener_rule" "service" {
  for_each = var.services

  listener_arn = aws_lb_listener.http.arn
  tags         = var.tags

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.service[each.key].arn
  }

  condition {
    http_header {
      http_header_name = "x-microservice"
      values           = ["${each.key}.${each.value.namespace}"]
    }
  }
}

locals {
  # Makes the AWS Load Balancer Controller register a service's pods in its target group.
  bindings = [
    for name, service in var.services : {
      apiVersion = "elbv2.k8s.aws/v1beta1"
      kind       = "TargetGroupBinding"
      metadata   = { name = name, namespace = service.namespace }
      spec = {
        targetGroupARN = aws_lb_target_group.service[name].arn
        targetType     = "ip"
        serviceRef     = { name = name, port = 80 }
      }
    }
  ]
}
