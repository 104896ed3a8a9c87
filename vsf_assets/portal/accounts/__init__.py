"""Accounts: people, teams, roles, grants, one-time links, tokens, and log-in.

Here: the models, what each role may do, the forms and pages around them, and the admin site's view of them. Not here:
which data a request may read (data/access.py asks `rights`), and passwords' hashing, TOTP, sessions and their pages,
which are Django's and django-allauth's.
"""
