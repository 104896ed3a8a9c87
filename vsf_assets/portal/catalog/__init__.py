"""Catalogs on pages and by the API: entries with their history, the objects that held them, types not loaded.

Here: reading marts and reports of the family catalog through what an account may see. Not here: scanning and fetching
sources (the room catalog), and lists of whole tables (data/).
"""
