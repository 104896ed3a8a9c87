"""Insights: questions that people ask of the data again and again, each with a chart, its table, CSV, and the command.

Here: the declared questions with their SQL, what an address asks of one, the figures, and the pages. A new insight is
a declaration, and a spec in charts/specs if no other fits. Not here: drawing (charts/), what may be seen
(data/masking.py), and SQL that people write (api/sql_route.py).
"""
