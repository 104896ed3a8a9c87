"""Hand-checked files in, readable results out."""
