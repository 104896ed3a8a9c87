"""The web pages and the API: accounts, data of snapshots, status.

It reads snapshots and the record of runs, never the warehouse, and starts no run. Here: the only Django code of the
package; no other room imports Django, so that other commands start as fast as before. `config` makes Django's settings
from ours.
"""
