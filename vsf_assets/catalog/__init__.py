"""The sources of the catalog family: scans them and fetches their objects, and never writes to them.

Here: the scan of a source, the plan of the objects to fetch, the fetch round, and the inbox. Not here: the profiles in
`sources.toml` (config/catalog_profiles.py), the content of the objects (readers/, contracts/) and Dagster (defs/).
"""
