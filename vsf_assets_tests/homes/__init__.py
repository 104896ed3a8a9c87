"""Homes that earlier releases made, packed, and the scripts that document how. Not here: tests of them (cli/)."""
