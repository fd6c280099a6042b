"""Tests with GitOps tools; `python -m tests.delivery` writes the samples."""
