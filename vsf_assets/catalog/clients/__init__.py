"""Clients of catalog sources: a local folder, an HTTP server, an S3 bucket.

Not here: what to fetch (catalog/model/plan.py).
"""
