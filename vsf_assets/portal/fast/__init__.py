"""What the layer before Django answers by itself, as raw ASGI: files that are sent, in parts and with time limits.

Not here: Django and its database, which nothing here may import; and the layer itself, which decides who answers
(asgi.py).
"""
