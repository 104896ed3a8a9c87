"""Tests of the portal: accounts, rights, pages of data, status, the API, and the server."""
