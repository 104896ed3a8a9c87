"""What a catalog source is made of, whoever its client is: states, plans, errors, when to try again.

Not here: clients (catalog/clients/) and rounds of fetching (catalog/rounds.py).
"""
