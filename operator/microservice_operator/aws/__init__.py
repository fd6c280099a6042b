"""AWS: one folder for each service, and `engine`, which drives all of them.

A service folder imports `engine` and no other service folder. `preview` computes what a change of a declaration does.
"""
