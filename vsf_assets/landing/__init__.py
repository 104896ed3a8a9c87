"""The landing zone: listing, ownership, settling, uploads, and putting files there.

Not here: reading files (readers/) and originals (archive/).
"""
