"""The outside world as small Dagster resources, made of the ecosystem's and mended where they lack."""
