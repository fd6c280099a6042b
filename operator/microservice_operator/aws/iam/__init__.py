"""IAM roles, trust and permission policies, and EKS Pod Identity associations."""
