-- The operator writes nothing until the Microservice is resumed. Its pods keep running.
obj.spec.suspend = true
return obj
