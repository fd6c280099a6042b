"""`python -m microservice_operator.cli`, for where the script is not on the path."""

from . import main

main()
