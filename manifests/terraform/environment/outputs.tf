output "manifest" {
  description = "Manifest of the Environment: terraform output -raw environment | kubectl apply --server-side -f -"
  value       = yamlencode(local.manifest)
}
