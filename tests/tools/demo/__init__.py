"""`make demo` creates a shop that accepts orders, and `make down` removes all of it.

`__main__` has the order of the steps; each step is a file:

    rendering   kustomize's output, with images named by their content
    server_secrets  secrets that are not in git: PostgreSQL's password, certificates
    kubectl     all access to the API server
    standing    the progress, read from the cluster
    losses      what a restart of the emulator loses
    board       the progress on the screen
    diagnosis   what to print when something does not become ready
    reach       addresses of Services for programs on this machine
    aws_parts   the shop's resources in AWS
    shop        a customer: creates a user and a product, places an order
    local_files .local/kubeconfig and .local/env
    ending      what `make down` removes
"""
