output "manifest" {
  description = "The Environment: terraform output -raw environment | kubectl apply --server-side -f -"
  value       = yamlencode(local.manifest)
}
