"""Tests of the platform, by what they need: unit and engine (milliseconds to seconds), dbt, dagster, cli, docs."""
