"""A family from file to mart: a module per family that was written from the skeleton, and the skeleton itself."""
