"""The scripts that draw charts in a browser, and where they are.

Here: their paths. Not here: making the bundle (devtools/chart_bundle.py), and which pages load them.
"""

from pathlib import Path

STATIC = Path(__file__).parent / "static"
"""Folder with everything that a browser loads."""

BUNDLE = STATIC / "vega.js"
"""Vega, Vega-Lite and vega-embed; it sets `window.vegaEmbed`."""

DRAWING = STATIC / "charts.js"
"""Draws each chart of a page with the bundle."""

STYLE = STATIC / "charts.css"
"""Colours and sizes of charts."""

LICENSES = STATIC / "LICENSES.txt"
"""Licences of what is in the bundle."""

VERSIONS = Path(__file__).parent / "bundle.json"
"""What the bundle was made with, and its digest."""
