"""Thin wiring: assets, checks, sensors and jobs around the engine. Rules live elsewhere."""
