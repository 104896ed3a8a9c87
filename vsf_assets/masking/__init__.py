"""Masking: pseudonyms in place of personal values, and copies of snapshots that hold nothing else.

Not here: which columns are personal (contracts/personal.py), and who sees which (portal/data/).
"""
