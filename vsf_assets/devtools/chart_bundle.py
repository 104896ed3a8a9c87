"""Writes the bundle of Vega that draws charts: `make chart-bundle`.

Here: making charts/static/vega.js with vl-convert-python, which has the sources of one release of Vega, Vega-Lite and
vega-embed in its wheel, so that no Node and no other server is needed. Not here: the drawing (charts/static/charts.js),
and the licences of what is in the bundle (LICENSES.txt beside it), which are changed by hand with the versions.

The script is one function of its own, so that the names of libraries are not those of the page. It sets
`window.vegaEmbed`, which draws without eval when it is called with `ast: true`.
"""

import hashlib
import json
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

from vsf_assets.charts.scripts import BUNDLE, VERSIONS

TOOL = "vl_convert"
"""Module of vl-convert-python; it is in no set of pins, since nothing else needs its 30 MB."""

VEGA_LITE = "6.4"
"""The release of Vega-Lite that is taken, of those which the tool has."""

_HEAD = "/* Vega, Vega-Lite and vega-embed with what they need, by `make chart-bundle`. See LICENSES.txt. */\n"


def bundle_text(libraries: str) -> str:
    """Return the script of the page: a comment, and the libraries in a function."""
    return f'{_HEAD}(() => {{\n"use strict";\n{libraries}\n}})();\n'


def main(arguments: Sequence[str]) -> int:
    """Write the bundle and what it was made of."""
    if arguments:
        sys.stderr.write("usage: python -m vsf_assets.devtools.chart_bundle\n")
        return 2
    text = bundle_text(import_module(TOOL).javascript_bundle("window.vegaEmbed = vegaEmbed;", VEGA_LITE))
    BUNDLE.write_text(text, encoding="utf-8")
    about = {
        "vl-convert-python": version("vl-convert-python"),
        "vega-lite": VEGA_LITE,
        "bytes": len(text.encode()),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    VERSIONS.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"wrote {BUNDLE.name}, {about['bytes']:,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
