"""The declarations of each family: a module per family with a tuple `FEEDS`.

Not here: the type of a declaration (feeds/feed.py).
"""
