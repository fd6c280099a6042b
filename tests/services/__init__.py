"""The shop's services as processes of this machine, on a real PostgreSQL and the strict AWS: the fixtures of this
package start them once and end them with it, for they poll.
"""
