"""What runs in a home and what ran: the record of runs, and the state of the service.

Not here: Dagster's own record (resources/, defs/), the log files of runs and what the pipeline writes into the record
(pipeline/), and the service itself (service/).
"""
