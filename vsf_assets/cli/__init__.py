"""The `vsf` command, thin: parse, call, print. One module per command; heavy imports inside them."""
