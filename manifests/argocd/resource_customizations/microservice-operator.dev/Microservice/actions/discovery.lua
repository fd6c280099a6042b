-- Asking for a pass means nothing while none is made.
local suspended = obj.spec.suspend == true

return {
  reconcile = { disabled = suspended },
  suspend = { disabled = suspended },
  resume = { disabled = not suspended },
}
