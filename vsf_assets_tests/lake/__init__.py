"""Tests of the form of the warehouse that keeps its rows in a folder of data files."""
