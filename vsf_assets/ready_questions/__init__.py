"""Questions that people ask first, ready to run: one SQL file each, with title, explanation and typed parameters.

Here: the files and their reader. Not here: running them (snapshots, portal), and the page that shows them
(docs/analysts.md, written by devtools).
"""
