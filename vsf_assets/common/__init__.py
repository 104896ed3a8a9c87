"""Helpers that every room may use: errors, processes, files, text, time limits.

Here: pieces that know nothing of feeds, settings or stores. Not here: anything that one room alone needs.
"""
