"""The fast layer: what is answered in raw ASGI, without Django and without its database.

Here: uploads as streams, their parts in the landing folder, and their landing; files that are sent, in parts and with
time limits. Not here: who may deliver what (deliveries/), which this layer learns from a signed ticket; and the layer
itself, which decides who answers (asgi.py).
"""
