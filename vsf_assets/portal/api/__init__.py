"""The API for programs: version 1, and the old names of the original.

Here: who asks, lists as JSON with keyset pages, problems, and the addresses. Not here: the SQL of lists, and what may
be seen (data/).
"""
