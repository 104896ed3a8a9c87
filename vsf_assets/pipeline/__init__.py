"""The order of the work: take in, build, check, publish, rebuild; and what there is to do.

Here: functions that the command line and Dagster call. Not here: the steps themselves. May not import Dagster.
"""
