"""Helpers that every room may use: errors, processes, files, text, time limits.

Here: functions that do not depend on feeds, settings or stores. Not here: functions that only one room needs.
"""
