"""`make load`: the banner service beside a constant on the same server.

Here: what is served, the clients, and the report. Not here: the service (vsf_assets/banners/).
"""
