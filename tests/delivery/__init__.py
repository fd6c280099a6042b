"""What GitOps tools make of a Microservice; `python -m tests.delivery` writes the samples that they are tested with."""
