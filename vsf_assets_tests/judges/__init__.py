"""Pairs of judges of one thing, by what they judge; unit/test_judges_agree.py lists and runs them."""
