"""Names that are no deliveries: unfinished transfers, copies, hidden files; and names that only look like them."""

import pytest

from vsf_assets.storage.ignored_names import why_ignored, why_unfinished_beside


@pytest.mark.parametrize(
    "name",
    [
        *("clicks_1.csv.tmp", "clicks_1.csv.part", "clicks_1.csv.partial", "clicks_1_up.csv.filepart"),
        *("x.csv.crdownload", "Unconfirmed 12345.crdownload", "x.csv.download", "x.csv.opdownload"),
        *("x.csv.CRDOWNLOAD", "x.csv.Part", "x.csv.swp", "x.csv.!ut", "x.csv.aria2", "x.csv.inprogress"),
        *("x.csv.uploading", "x.csv.incomplete", ".clicks_1.csv.Xy12Z9"),
    ],
)
def test_unfinished_transfers_are_known(name: str) -> None:
    why = why_ignored(name)
    assert why is not None
    assert (why.kind, why.advice) == ("unfinished", "let the sender finish it; if the file is whole, rename it")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("clicks_1.csv~", "old copy"),
        ("clicks_1.csv.BAK", "old copy"),
        (".clicks_1.csv", "hidden"),
        (".clicks_1.csv.swp", "hidden"),
        (".DS_Store", "hidden"),
        ("Thumbs.db", "hidden"),
        ("Desktop.ini", "hidden"),
        ("~$clicks_1.csv", "hidden"),
        ("clicks_1.csv:Zone.Identifier", "hidden"),
    ],
)
def test_copies_and_hidden_files_are_known(name: str, kind: str) -> None:
    why = why_ignored(name)
    assert why is not None
    assert why.kind == kind


@pytest.mark.parametrize(
    "name", ["clicks_1.csv", "part_clicks_1.csv", "clicks_1.part.csv", "tmp", "downloads.csv", "backup.csv", "a~b.csv"]
)
def test_other_names_are_deliveries(name: str) -> None:
    assert why_ignored(name) is None


def test_a_file_is_unfinished_while_a_note_of_its_transfer_lies_beside_it() -> None:
    assert why_unfinished_beside("x.csv", 10, {"x.csv", "x.csv.aria2"}) is not None
    assert why_unfinished_beside("x.csv", 10, {"x.csv", "y.csv.aria2"}) is None


def test_only_an_empty_file_holds_the_place_of_a_part() -> None:
    assert why_unfinished_beside("x.csv", 0, {"x.csv", "x.csv.part"}) is not None
    assert why_unfinished_beside("x.csv", 1, {"x.csv", "x.csv.part"}) is None
