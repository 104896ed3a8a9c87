"""The supervisor of all parts.

Here: which processes a service has, watching and restarting them, the web server's process with the guard before the
UI, and `/healthz`. Not here: the commands' options (cli/serve.py, cli/dev.py), and what Dagster runs (defs/).
"""
