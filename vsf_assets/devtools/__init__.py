"""Tools for people who change the project: generators of documentation.

Not here: anything that runs in production.
"""
