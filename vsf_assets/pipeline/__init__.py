"""The pipeline: ingest, fetch, build, publish, rebuild, status.

Here: functions that the command line and Dagster call. Not here: the steps themselves. May not import Dagster.
"""
