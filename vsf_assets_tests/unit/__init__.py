"""Tests of pure functions: milliseconds each, no warehouse."""
