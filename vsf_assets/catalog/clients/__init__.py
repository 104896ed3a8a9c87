"""Clients of catalog sources: a folder, a web server, a bucket.

Not here: what is due (catalog/model/plan.py).
"""
