"""Settings: what the environment and the settings file say, checked.

Here: variables, places, profiles of catalogs, rules in settings. Not here: what is done with them.
"""
