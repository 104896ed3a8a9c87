"""The form of ready questions: heads are read whole, and one that does not fit its query is refused.

Here: files written for the tests. Not here: the answers of the real ones (docs/test_questions.py).
"""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from vsf_assets.ready_questions.question_files import FOLDER, ReadyParameter, read_question, ready_questions

HEAD = """-- title: Who?
-- about: First
--   and second.
-- parameter: day, date, 2019-05-01: the day
-- parameter: name, text, O'Hara: who
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "01_who.sql"
    path.write_text(text)
    return path


def test_a_head_is_read_whole_and_defaults_become_literals(tmp_path: Path) -> None:
    found = read_question(written(tmp_path, HEAD + "select $day as day, $name as name\n"))
    assert (found.name, found.title, found.about) == ("who", "Who?", "First and second.")
    assert found.parameters == (
        ReadyParameter("day", "date", date(2019, 5, 1), "the day"),
        ReadyParameter("name", "text", "O'Hara", "who"),
    )
    assert found.sql_with_defaults == "select date '2019-05-01' as day, 'O''Hara' as name\n"
    with duckdb.connect() as connection:
        assert connection.execute(found.sql_with_defaults).fetchall() == [(date(2019, 5, 1), "O'Hara")]


def test_chosen_values_stand_beside_the_defaults_of_others(tmp_path: Path) -> None:
    found = read_question(written(tmp_path, HEAD + "select $day as day, $name as name\n"))
    with duckdb.connect() as connection:
        assert connection.execute(*found.bound(name="Ann")).fetchall() == [(date(2019, 5, 1), "Ann")]
    with pytest.raises(ValueError, match="no parameter nobody"):
        found.bound(nobody=1)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (HEAD + "select $day\n", "parameters are not those"),
        (HEAD + "select $day, $name, $more\n", "parameters are not those"),
        ("-- about: x\nselect 1\n", "no title"),
        ("-- title: x\n-- other: y\nselect 1\n", "no line of a head"),
        ("-- title: x\n-- parameter: a, colour, red: y\nselect $a\n", "no parameter"),
        ("-- title: x\n-- parameter: a, whole number, red: y\nselect $a\n", "invalid literal"),
        ("-- title: x\n-- parameter: a, yes or no, maybe: y\nselect $a\n", "neither yes nor no"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_question(written(tmp_path, text))


def test_every_file_of_the_room_is_a_question() -> None:
    assert len(list(FOLDER.rglob("*.sql"))) == len(ready_questions())
    assert all(question.subject for question in ready_questions())
