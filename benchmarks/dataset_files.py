"""A dataset with many columns and defects of every kind that pandas can tell: made once, kept beside the homes.

Here: its size, which defect stands where, and the files. Not here: the rows (vsf_assets/demo/dataset_rows.py), what a
defect looks like (vsf_assets/demo/csv_defects.py), and reading them.
"""

from functools import partial
from pathlib import Path

from vsf_assets.demo.csv_defects import Defect, changed, lines_of, long, repeated, same_key, short
from vsf_assets.demo.dataset_rows import dictionary, headers

SEED = 20190520
NAMESPACES = 50
EVERY = {"namespaces.csv": 10, "columns.csv": 500, "datapoints.csv": 500}
"""One row of so many has a certain defect."""

DEFECTS: dict[str, dict[int, Defect]] = {
    "namespaces.csv": {3: short(2)},
    "columns.csv": {
        11: short(5),
        23: long,
        37: changed({1: "ns-none"}),
        41: changed({5: "dp-none"}),
        53: same_key,
        67: changed({2: ""}),
        79: changed({2: "a database\nof two lines"}),
        80: repeated,
    },
    "datapoints.csv": {7: changed({9: "perhaps"})},
}


def dataset_folder(root: Path, rows: int) -> Path:
    """Return the folder of a dataset with so many rows in columns.csv; it is made where missing."""
    folder = root / f"made-dictionary-{rows}"
    if folder.exists():
        return folder
    made = folder.with_suffix(".tmp")
    made.mkdir(parents=True, exist_ok=True)
    points = max(rows // 50, 10)
    for name, good in dictionary(NAMESPACES, points, rows, SEED).items():
        with (made / name).open("w", encoding="utf-8") as file:
            file.write(",".join(headers()[name]) + "\n")
            file.writelines(f"{line}\n" for line in lines_of(good, partial(_defect, name)))
    made.rename(folder)
    return folder


def _defect(name: str, number: int) -> Defect | None:
    return DEFECTS[name].get(number % EVERY[name])
