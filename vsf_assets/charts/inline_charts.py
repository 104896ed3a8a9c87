"""Charts in a page that is one file: scripts and look as texts, and the policy that lets these scripts alone run.

Here: the texts, safe between the tags of HTML. Not here: the page (reports/html_page.py), and pages that load the
scripts by their addresses (portal/).
"""

import hashlib
import json
from base64 import b64encode
from functools import cache
from typing import Any

from vsf_assets.charts.scripts import BUNDLE, DRAWING, STYLE

_UNSAFE = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}


@cache
def inline_script() -> str:
    """Return the scripts that draw the charts which stand before it in a page."""
    return f"{BUNDLE.read_text(encoding='utf-8')}\n{DRAWING.read_text(encoding='utf-8')}"


@cache
def inline_style() -> str:
    """Return the look of charts."""
    return STYLE.read_text(encoding="utf-8")


@cache
def script_source() -> str:
    """Return the source of a content security policy that allows `inline_script` and no other script."""
    return f"'sha256-{b64encode(hashlib.sha256(inline_script().encode()).digest()).decode()}'"


def inline_json(chart: dict[str, Any]) -> str:
    """Return a chart as the text of a JSON block; no value of it ends the block or begins a tag."""
    return json.dumps(chart, ensure_ascii=False).translate(_UNSAFE)
