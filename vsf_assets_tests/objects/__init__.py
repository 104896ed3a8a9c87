"""The landing zone, the archive and snapshots in an object store: a real server over HTTP, and its faults."""
