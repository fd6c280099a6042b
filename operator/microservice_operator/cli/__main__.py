"""Runs the command line as `python -m microservice_operator.cli`, for when the script is not on the path."""

from . import main

main()
