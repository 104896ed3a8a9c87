"""What the web services share: signing keys, and small whole answers of raw ASGI applications.

Here: what the banner service uses and the portal's fast layer is to use too. Not here: any route, Django, and the guard
before Dagster's UI (service/).
"""
