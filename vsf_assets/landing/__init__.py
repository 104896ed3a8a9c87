"""The landing zone: listing, ownership, settling, uploads, and landing files.

Not here: reading files (readers/) and originals (archive/).
"""
