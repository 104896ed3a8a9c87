"""Tests of several workers of a shared lake: each starts many processes and takes minutes (`make test-workers`)."""
