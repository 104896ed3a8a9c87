"""Publishing: checked, versioned copies of the warehouse, and moving the pointer to the current one.

Not here: finding and opening a snapshot (snapshots/), and blocking checks on data (they are dbt tests).
"""
