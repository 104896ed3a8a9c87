"""Configuration: environment variables, the settings file, source profiles.

Here: variables, places, profiles of catalog sources, rules in settings. Not here: code that acts on them.
"""
