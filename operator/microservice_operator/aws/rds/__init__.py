"""RDS PostgreSQL instances, with their subnet, parameter and security groups."""
