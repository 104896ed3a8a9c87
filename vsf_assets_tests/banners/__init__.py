"""The banner service: most tests call the ASGI application itself, with a clock of their own."""
