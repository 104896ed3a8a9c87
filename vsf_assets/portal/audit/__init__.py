"""The audit: one row per change of the portal's state, which nobody changes or removes.

Here: the table, and adding a row. Not here: runs and deliveries, which have records of their own (runs/, the ledger).
"""
