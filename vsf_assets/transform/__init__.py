"""Running dbt, and the state of builds.

Not here: models (dbt_project/) and the order of build and publish (pipeline/).
"""
