"""Limits of requests for made-up files.

Here: numbers that schemas and requests both use. Not here: requests (synthetic/request_spec.py).
"""

MOST_ROWS = 2**62
"""Largest number of rows; more rows cannot be numbered."""
