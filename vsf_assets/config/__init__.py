"""Configuration: environment variables, the settings file, source profiles.

Here: variables, places, profiles of catalogs, rules in settings. Not here: what is done with them.
"""
