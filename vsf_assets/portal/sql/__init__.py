"""Runs SQL that a person wrote on a snapshot, in a process that can reach nothing but the snapshot's open file.

Here: the gate that says which statements may run, the sandbox of the process, the server that forks one process per
query, and the runner that asks it. No Django. Not here: who may ask, and pages (portal/api and later portal/questions).
"""
