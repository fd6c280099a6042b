"""`make demo`: from nothing to a shop that takes orders, and `make down`, which takes all of it away.

`__main__` is the order of the steps; each step is a file:

    rendering   kustomize's output, with images named by their content
    server_secrets  what must not be in git: PostgreSQL's password, certificates
    kubectl     the only door to the API server
    standing    how far everything is, read from the cluster
    losses      what a restart of the emulator takes with it
    board       the same on the screen while it changes
    diagnosis   what to print when it does not come up
    reach       addresses of Services for programs on this machine
    aws_parts   what the operator has made in AWS for the shop
    shop        a customer: makes a user and a product, places an order
    local_files .local/kubeconfig and .local/env
    ending      what `make down` ends
"""
