"""The search box of the header: finds lines, files, datasets and tables, and what other apps add.

Here: the registry of finders, our own finders, and the page. Not here: searching the rows of one table (data/).
"""
