"""Pairs of code paths that read one thing, by what they read; unit/test_readers_agree.py lists and runs them."""
