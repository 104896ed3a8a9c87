"""What every room may use: errors, processes, text and files of strangers, bounds on time.

Here: pieces that know nothing of feeds, settings or stores. Not here: anything that one room alone needs.
"""
