"""Report files made from a snapshot: findings as CSV, JSON and HTML, data points as JSON.

Here: what a file says, as functions of a connection or of rows. Not here: the command line (cli/) and which
anomalies there are (ingest/, dbt).
"""
