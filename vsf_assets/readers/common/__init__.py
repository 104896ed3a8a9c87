"""What all readers share: byte streams, casts, limits, findings.

Not here: any form of file.
"""
