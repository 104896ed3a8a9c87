"""The client-independent half of catalog sources: plans, errors, retries.

Not here: clients (catalog/clients/) and rounds of fetching (catalog/fetch_round.py).
"""
