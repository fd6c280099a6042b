-- The operator compares everything again, including AWS and PostgreSQL, and copies this time to status.lastHandledReconcileAt.
local os = require("os")

if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["microservice-operator.dev/reconcile-requested-at"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
