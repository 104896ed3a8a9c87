"""Notices: what a team should know by itself, on the page, by mail and by webhook, once per event.

Here: finding events in snapshots and in the record of runs, who is to know of them, the outbox with its retries, and
the pages. Not here: rights (accounts/), and the API's route (api/notice_routes.py).
"""
