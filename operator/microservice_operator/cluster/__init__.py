"""The only package that talks to the API server.

api_client   HTTP with the client library's credentials
kinds        the kinds, and the paths at which they are served
watch        list and watch one kind without end
child_cache  a small record of each child
pod_cache    the failing containers of the pods, with causes
drift        PURE: is an observed object still as desired?
apply        create, apply, prune
"""
