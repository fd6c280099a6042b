-- The operator writes nothing until it is resumed; what runs keeps running.
obj.spec.suspend = true
return obj
