"""Makes rows of made-up files in processes of its own, for pages that wait for them.

Here: the process, the pool of them, and sending a file while it is made; no Django. Not here: who may have which file
(portal/made), and how rows are made (synthetic/).
"""
