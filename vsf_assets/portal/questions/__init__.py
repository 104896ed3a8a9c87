"""The Django app of questions: the SQL page with its history, saved questions, and their data links.

Here: which snapshot an account may ask, tables, changes, views, and files of results. Not here: the confined process
that runs SQL (portal/sql), and the routes of the API (portal/api).
"""
