"""Tests of the operator against MiniStack, an emulator of AWS that this project did not write.

What our own layers do and the operator expects was written by the same people. MiniStack was not, so that it shows
what both have wrong.

gaps        where MiniStack differs from AWS, and what makes up for it
world       reconciles a Microservice against MiniStack
changes     changes of a running Microservice, and the calls that each takes
holdings    lists everything in MiniStack that has a Microservice's owner tags
"""
