"""Home and Status: the current snapshot, the service, what waits, the last runs, and the calendar of deliveries.

Here: gathering them from the snapshot, the record of runs and a listing of the landing zone, and the pages. Not here:
the state of a home itself (pipeline/home_status.py), and Dagster's storage, which nobody here reads.
"""
