"""Validation of one block of delimited records, for tests that read a block and look at its rows and findings.

Here: `check_block`. Not here: records of whole files (records.py).
"""

import polars as pl

from vsf_assets.contracts.table import Table
from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.common.limits import FindingsLimit
from vsf_assets.readers.delimited.block import Block
from vsf_assets.readers.delimited.validation import CheckedBlock, check_blocks


def check_block(block: Block, table: Table, dialect: Delimited) -> CheckedBlock:
    """Validate one block of delimited records at once, in any amount of memory; see `check_blocks`."""
    checked = list(check_blocks([block], table, dialect, FindingsLimit()))
    valid, findings = pl.concat([c.valid for c in checked]), pl.concat([c.findings for c in checked])
    return CheckedBlock(valid, findings, sum(c.quarantined for c in checked))
