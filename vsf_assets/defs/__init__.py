"""The Dagster layer: assets, checks, sensors and jobs. The rules are in the packages that they call."""
