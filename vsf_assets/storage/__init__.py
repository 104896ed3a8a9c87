"""Places of files: folders of this machine and prefixes of buckets, with one interface.

Here: listing, opening, writing, moving, and what the disk or the store answers. Not here: what a file means.
"""
