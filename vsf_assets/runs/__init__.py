"""The record of runs: what each run did and how it ended, in one SQLite file of the home.

Not here: Dagster's own record (resources/, defs/), the log files of runs and what the pipeline writes into the record
(pipeline/).
"""
