"""Tests of foreign sources: real folders and a real HTTP server, without a warehouse."""
