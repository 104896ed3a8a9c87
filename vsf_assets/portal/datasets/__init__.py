"""Dictionaries: upload, browse, compare, report, rename and delete datasets.

Here: what the place Dictionaries and `/api/v1/datasets` do, and which team a dataset's name belongs to. Not here: the
upload of a file (portal/deliveries), and the reports as the command line writes them (reports/).
"""
