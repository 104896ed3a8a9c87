"""What the apps of the portal share: random ids, errors of requests and their pages, problems, the pool of snapshots.

Here: what imports no app. Not here: what every page shows around its content (page_context.py).
"""
