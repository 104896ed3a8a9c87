"""Report files made from a snapshot: findings as CSV, JSON and HTML, data points as JSON.

Here: the content of report files, as functions of a connection or of rows. Not here: the command line (cli/) and the
detection of anomalies (readers/, dbt).
"""
