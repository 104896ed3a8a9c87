"""Migrations of the tables of dictionaries; not here: the tables (models.py)."""
