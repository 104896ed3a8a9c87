"""Tests of the `vsf` command."""
