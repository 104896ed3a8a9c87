"""The landing zone: what waits there, whose it is, when a file may be read, and how files are put there.

Not here: reading files (readers/) and originals (archive/).
"""
