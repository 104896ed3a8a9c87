"""Deliveries: files that accounts put into the landing zone, from the announcement of one to its landing.

Here: the table of deliveries, who may deliver what, and the pages. Not here: receiving bytes (fast/), and reading files
(ingest/).
"""
