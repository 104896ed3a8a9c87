"""The demo's schema of a made-up file, and a request for it.

Here: the two files. Not here: the rows, which the platform generates.
"""

_SCHEMA = """\
name: customers
separator: semicolon
columns:
  - {name: id, type: Sequence, from: 1000}
  - {name: name, type: Full Name}
  - {name: email, type: Email, unique: true}
  - {name: employer, type: Company Name, null_share: 0.1}
  - {name: born, type: Date, from: 1950-01-01, to: 2006-12-31, format: "%d.%m.%Y"}
  - {name: plan, type: Choice, values: [basic, premium], weights: [9, 1]}
  - {name: note, type: Text, from: 0, to: 2}
"""


def made_up_files(seed: int) -> dict[str, bytes]:
    """Return path in the landing zone -> content."""
    request = f"schema: customers\nrows: 1000\nseed: {seed}\nowner: demo\n"
    return {
        "fake_schemas/customers.schema.yaml": _SCHEMA.encode(),
        "fake_requests/thousand_customers.request.yaml": request.encode(),
    }
