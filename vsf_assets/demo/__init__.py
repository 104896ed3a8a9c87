"""Generates the demo's sample files: every feed, seeded, small, with known defects.

Here: the content of the demo's files as bytes, a pure function of the seed. Not here: landing them (cli/demo.py).
Campaign family: campaigns.py. Mobile analytics: accounts_and_lines.py (lines, accounts, limits), event_stream.py (their
events), event_kinds.py (kinds of events), event_files.py (files of events, with defects). Catalog: catalog.py.
Datasets: datasets.py, from the rows of dataset_rows.py and the defects of csv_defects.py. A schema and a request for a
made-up file: synthetic_request.py.
"""

from vsf_assets.demo.accounts_and_lines import make_lines, state_files
from vsf_assets.demo.campaigns import campaign_files
from vsf_assets.demo.event_files import event_files
from vsf_assets.demo.synthetic_request import made_up_files

SEED = 20190520


def demo_files(seed: int = SEED) -> dict[str, bytes]:
    """Return path in the landing zone -> content, in landing order; a seed always gives the same files.

    The decompressed content is the same on every machine; the bytes of gzip files also depend on the version of zlib.
    """
    lines = make_lines(seed)
    return campaign_files(seed) | state_files(seed, lines) | event_files(seed, lines) | made_up_files(seed)
