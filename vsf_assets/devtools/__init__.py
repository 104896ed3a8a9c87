"""Tools for developers: generators of documentation and code.

Not here: anything that runs in production.
"""
