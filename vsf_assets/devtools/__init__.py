"""Tools for developers: generators of documentation and code.

Not here: code that runs in production.
"""
