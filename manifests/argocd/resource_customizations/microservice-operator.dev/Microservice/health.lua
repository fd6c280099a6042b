-- Maps the status of a Microservice to Argo CD's health. status.resources and Events contain the details.

local function condition(kind)
  if obj.status ~= nil and obj.status.conditions ~= nil then
    for _, each in ipairs(obj.status.conditions) do
      if each.type == kind then
        return each
      end
    end
  end
  return nil
end

local function health(status, message)
  return { status = status, message = message }
end

if obj.metadata.deletionTimestamp ~= nil then
  local left = obj.status ~= nil and obj.status.deletion or nil
  if left ~= nil and left[1] ~= nil then
    return health("Progressing", "Being deleted; remaining: " .. left[1].kind .. " " .. left[1].name)
  end
  return health("Progressing", "Being deleted")
end

-- A status of an earlier generation says nothing about this spec.
if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "Waiting for the operator to reconcile it")
end

local stalled = condition("Stalled")
if stalled ~= nil and stalled.status == "True" then
  return health("Degraded", stalled.reason .. ": " .. stalled.message)
end

local ready = condition("Ready")
if ready == nil then
  return health("Progressing", "Waiting for the operator to reconcile it")
end
if ready.status == "True" then
  return health("Healthy", ready.message)
end
if ready.reason == "Suspended" then
  return health("Suspended", ready.message)
end
return health("Progressing", ready.reason .. ": " .. ready.message)
