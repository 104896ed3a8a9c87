"""The forms of a warehouse: where its tables are stored, and what follows from that.

Here: one module per form behind one interface, and the choice by the settings. Not here: what is stored. Nothing
outside this package asks which form a warehouse has (house/test_forms.py).
"""
