"""The pipeline: ingest, fetch, build, publish, rebuild, status.

Here: functions that the command line and Dagster call, with the order of the steps. Not here: the steps (ingest/,
catalog/, transform/, publish/). May not import Dagster.
"""
