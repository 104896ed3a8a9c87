"""Retention: removes Dagster's old records, old log files and old snapshots.

Not here: which snapshots are old (publish/snapshot_pruning.py), and the schedule that starts it (defs/).
"""
