"""Datasets in the home that the tests of the portal read.

Here: their files, landed in an order that makes versions, and the file of the sample. Not here: assertions; what the
sample must give is written in the description of the feeds.

- `managed_investments`: the sample.
- `small`: version 1, landed as `smaller` and renamed; version 2, in which c-1 stands for another data point, c-2 is
  gone and others are new; version 3 without its data points, which is incomplete, and with the columns of version 1.
- ODD: a name and values that could do harm on a page or in an address, and a quoted mark.
"""

from pathlib import Path

from vsf_assets_tests.datasets import land_dataset, small_dataset
from vsf_assets_tests.warehouses import Home

SAMPLE = "managed_investments"
ODD = "odd ?&#%é <b>x"
SCRIPT = "<script>alert(1)</script>"
MARK = "MARK-raw"
"""A personal value by mistake, which only a finding quotes: it stands in a field that is cut off."""

RENAMED = "20260105T143000.000001Z_rename.jsonl"
RENAME = b'{"action": "rename", "dataset": "smaller", "new_name": "small"}\n'

POINTS = (
    "dp-1,One,one,a|b,what,,Global|US,Date,,FALSE,",
    "dp-2,Two,two,,other,,,Text,x|y,TRUE,",
    f"dp-3,{SCRIPT},three,,=1+1,,,Text,,FALSE,",
)
SMALL_1 = small_dataset(
    namespaces=["ns-1,Fund,fund", "ns-2,Equity,equity"],
    columns=["c-1,ns-1,db,t,col,dp-1,Owner Name", "c-2,ns-1,db,t,gone,dp-2,Owner Name"],
    datapoints=POINTS,
)
SMALL_2 = small_dataset(
    namespaces=["ns-1,Fund,fund", "ns-2,Equity,equity"],
    columns=[
        "c-1,ns-1,db,t,col,dp-2,Owner Name",
        "c-3,ns-2,db,t,col,dp-3,Owner Name",
        "c-4,ns-1,db2,t,col,dp-1,Owner Name",
        "c-5,ns-1,db,t,lost,dp-9,Owner Name",
    ],
    datapoints=POINTS,
)
ODD_FILES = small_dataset(
    namespaces=[f'ns-1,{SCRIPT},"a""b"'],
    columns=[f'c-1,ns-1,"{SCRIPT}","x\u202ey","=cmd|a",dp-1,"O ""w"" n",{MARK}'],
    datapoints=[f'dp-1,{SCRIPT},s,,"{SCRIPT}",,,Date,,maybe,'],
)


def sample_files(samples: Path) -> dict[str, bytes]:
    """Return name -> content of the sample's files."""
    return {path.name: path.read_bytes() for path in sorted((samples / "datasets" / SAMPLE).iterdir())}


def load_dictionaries(home: Home, samples: Path) -> None:
    """Land and load every version of the datasets."""
    without_points = {name: content for name, content in SMALL_2.items() if name != "datapoints.csv"}
    changed = {**without_points, "columns.csv": SMALL_1["columns.csv"]}
    rounds = (
        {SAMPLE: sample_files(samples), "smaller": SMALL_1, ODD: ODD_FILES},
        {"small": SMALL_2},
        {"small": changed},
    )
    home.land(f"dataset_changes/{RENAMED}", RENAME, 150)
    for number, datasets in enumerate(rounds):
        for name, files in datasets.items():
            land_dataset(home, name, files, 100 * (number + 1))
        home.ingest(feeds=["datasets", "dataset_changes"])
