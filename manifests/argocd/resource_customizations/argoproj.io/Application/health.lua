-- The health of an Application is that of its objects. Argo CD has no own rule for it, and a sync wave waits for one.

if obj.status ~= nil and obj.status.health ~= nil and obj.status.health.status ~= nil then
  return { status = obj.status.health.status, message = obj.status.health.message or "" }
end
return { status = "Progressing", message = "Waiting for Argo CD to compare it" }
