"""Foreign sources: a list of objects that others keep, looked at and fetched from, never written.

Here: the settings file with its profiles, the look at a source, the pure decision what is due, and
fetching it into the inbox. Not here: what is in the objects (ingest/, contracts/) and Dagster.
"""
