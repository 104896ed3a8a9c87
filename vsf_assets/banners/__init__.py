"""The banner service: a fast layer that answers one banner of a campaign per request, from memory.

Here: slots of a snapshot in memory, choosing without state on the server, the raw ASGI application, and the processes
of `vsf banners`. Not here: which banners are chosen (dbt's fct_campaign_scores). It imports no Dagster, dbt or Django.
"""
