"""The catalog family's sources: lists of objects on other systems, scanned and fetched, never written.

Here: the settings file with its profiles, the look at a source, the pure decision what is due, and
fetching it into the inbox. Not here: what is in the objects (ingest/, contracts/) and Dagster.
"""
