"""The portal under load: how fast pages are, and whether it lasts.

Here: `python -m benchmarks.portal_load` measures pages and the API; `python -m benchmarks.portal_load.soak` keeps many
clients busy for as long as one likes. Not here: the banner service (banner_load/).
"""
