"""The locales of names, companies, addresses and phone numbers.

Here: their codes. Not here: their words (local_words.py).
"""

DEFAULT = "en_US"
LOCALES = (DEFAULT, "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "pt_BR", "uk_UA", "ja_JP")
