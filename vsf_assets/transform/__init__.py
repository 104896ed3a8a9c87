"""dbt: running it, and which build the marts are from.

Not here: models (dbt_project/) and the order of build and publish (pipeline/).
"""
