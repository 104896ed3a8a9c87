"""Made-up files: schemas of teams, which are edited in the browser, and the files that are made of them.

Here: the tables, saving a schema as a landed file, requests, states, pages and API. Not here: rows (synthetic/, in
processes of portal/generation), and files that a run makes (pipeline/synthetic_fulfilment.py).
"""
