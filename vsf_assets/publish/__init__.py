"""Publishing: checked, versioned copies of the warehouse, and the pointer to the current one.

Not here: blocking checks on data (they are dbt tests).
"""
