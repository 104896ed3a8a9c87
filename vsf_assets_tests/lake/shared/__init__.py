"""Tests of a lake that several machines share, on a real PostgreSQL. Not here: a lake on one machine (lake/)."""
