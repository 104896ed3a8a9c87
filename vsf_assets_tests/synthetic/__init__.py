"""Tests of made-up data: schemas, values, files. Not here: how schemas and requests land."""
