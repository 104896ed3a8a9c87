"""What readers of all forms share: bytes, casts, limits, findings.

Not here: any form of file.
"""
