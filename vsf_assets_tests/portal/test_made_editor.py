"""The editor of schemas, as a form: fields of each type, rows that move, drafts, errors at their fields, imports.

Here: forms without a browser. Not here: the script (test_made_browser.py), and what is saved (test_made_files.py).
"""

import codecs
import json
from html.parser import HTMLParser
from typing import Any

import pytest

from vsf_assets.portal.made.editor_form import changed, draft_of, rows_of
from vsf_assets.portal.made.guessed_columns import NoHeaderError, guess_schema
from vsf_assets.portal.made.option_fields import column_types, plain_value, text_of_value
from vsf_assets.portal.made.schema_text import as_yaml
from vsf_assets.synthetic.model.schema import schema_of
from vsf_assets.synthetic.schema_parser import parse_mapping
from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.made_world import SMALL, every_type, marketer, schema_id


class Fields(HTMLParser):
    """The values that a browser would send for the editor's form."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._select, self._area = "", ""
        self.feed(page.partition('id="editor-form"')[2].partition("</form>")[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "input" and ("checked" in given or given.get("type") != "checkbox"):
            self.found[given["name"]] = given.get("value", "")
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and self._select and ("selected" in given or self._select not in self.found):
            self.found[self._select] = given.get("value", "\0")
        elif tag == "textarea":
            self._area, self.found[given["name"]] = given["name"], ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.found[self._area] += data
        elif self._select and self.found.get(self._select) == "\0":
            self.found[self._select] = data

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        if tag == "textarea":
            self._area = ""


def form_of(client: Any, schema: str) -> dict[str, str]:
    """Return the form as the page shows it."""
    return Fields(client.get(f"/made-up-files/{schema}/edit/").content.decode()).found


def send(client: Any, schema: str, form: dict[str, str], do: str) -> Any:
    return client.post(f"/made-up-files/{schema}/edit/", {**form, "do": do})


def draft(schema: str) -> dict[str, Any]:
    from vsf_assets.common.ulids import uuid_of
    from vsf_assets.portal.made.models import MadeSchema

    found: dict[str, Any] = MadeSchema.objects.get(pk=uuid_of(schema)).draft
    return found


def test_a_stale_page_undoes_no_revision_unless_somebody_says_so(portal: Portal) -> None:
    client = marketer(portal)
    schema = schema_id(client, SMALL)
    other = marketer(portal, name="bob")
    mine, theirs = form_of(client, schema), form_of(other, schema)
    assert mine["revision"] == "1"
    assert send(other, schema, {**theirs, "c0-name": "number"}, "save").status_code == 302
    stale = {**mine, "quote": "single"}
    for do in ("save", "add"):  # the second would lead to a page that has forgotten what it saw
        answer = send(client, schema, stale, do)
        assert (answer.status_code, draft(schema)["columns"][0]["name"]) == (409, "number")
    assert "Bob saved revision 2 after this page was opened" in answer.content.decode()
    assert (
        send(client, schema, {**theirs, "c0-name": "number"}, "save").status_code == 302
    )  # says the same: nothing is lost
    again = Fields(send(client, schema, stale, "save").content.decode()).found
    assert (again["quote"], again["c0-name"], again["revision"]) == ("single", "id", "2")
    assert send(client, schema, again, "save").status_code == 302
    assert [column["name"] for column in draft(schema)["columns"]] == ["id", "name", "born"]
    assert client.get(f"/api/v1/schemas/{schema}").json()["revision"] == 3


def test_the_form_of_every_type_sends_the_schema_that_it_shows(portal: Portal) -> None:
    client = marketer(portal)
    schema_id(client, SMALL)
    content = every_type()
    schema = schema_id(client, content)
    page = client.get(f"/made-up-files/{schema}/edit/").content.decode()
    for kind in column_types():
        assert f"<option>{kind}</option>" in page
    form = form_of(client, schema)
    assert send(client, schema, form, "keep").status_code == 302
    kept = draft(schema)
    assert schema_of({**kept, "name": "x"}) == schema_of({**content, "name": "x"})
    assert send(client, schema, form, "save").status_code == 302
    assert client.get(f"/api/v1/schemas/{schema}").json()["revision"] == 2  # the names of separator and quote


def test_every_option_has_a_field_whose_text_gives_its_value() -> None:
    values: dict[str, Any] = {
        "integer": -7,
        "decimal": 2.5,
        "share": 0.25,
        "boolean": True,
        "text": "a b",
        "date": "2024-12-31",
        "datetime": "2024-12-31T23:59:59",
        "date format": "%d.%m.%Y",
        "value": "007",
        "values": ["a", 1, "1", True, "true", ' "x" '],
        "weights": [1, 0.5],
        "column name": "a, b",
        "schema name": "x",
        "template": "{a}",
        "formula": "a * 2",
        "regular expression": r"\d",
    }
    seen = set()
    for kind in column_types().values():
        for field in kind.options:
            value = values[field.kind] if field.kind != "choice" else field.choices[-1]
            value = int(value) if field.kind == "choice" and value.isdecimal() else value
            assert field.value_of(field.text_of(value)) == value, (kind.name, field.name)
            seen.add(field.kind)
    assert seen >= {*values} - {"text"}
    for each in ("x", "1", 1, 1.5, True, "true", '"', '"a"', " ", "1e5", "-"):
        assert plain_value(text_of_value(each)) == each
        assert type(plain_value(text_of_value(each))) is type(each)


def test_rows_are_added_removed_and_moved_without_javascript(portal: Portal) -> None:
    client = marketer(portal)
    schema = schema_id(client, SMALL)

    def press(do: str, **more: str) -> list[str]:
        answer = send(client, schema, form_of(client, schema) | more, do)
        assert answer.status_code == 302
        return [column["name"] for column in draft(schema)["columns"]]

    assert press("down-0") == ["name", "id", "born"]
    assert press("up-2") == ["name", "born", "id"]
    assert press("add") == ["name", "born", "id", "column 4"]
    assert press("remove-1") == ["name", "id", "column 4"]
    for nothing in ("up-0", "down-2", "remove-9", "up-x", "remove--1", "what"):
        assert press(nothing) == ["name", "id", "column 4"]
    press("keep", **{"c2-type": "Integer", "c2-name": "n", "c2-o-order": "1"})
    assert draft(schema)["columns"][2] == {"name": "n", "type": "Integer", "order": 1}
    assert client.get(f"/api/v1/schemas/{schema}").json()["revision"] == 1  # a draft lands nothing
    assert "The draft has changes that are not saved" in client.get(f"/made-up-files/{schema}/").content.decode()


def test_errors_stand_at_their_fields_and_nothing_lands(portal: Portal) -> None:
    client = marketer(portal)
    schema = schema_id(client, SMALL)
    form = form_of(client, schema) | {"c0-name": "", "c2-o-from": "2007-01-01", "c1-o-null_share": "two"}
    answer = send(client, schema, form, "save")
    page = answer.content.decode()
    assert answer.status_code == 422
    for field, words in (
        ("c0-name-error", "Give the column a name"),
        ("c1-o-null_share-help", "&#x27;two&#x27; is not a number"),
        ("c2-o-from-help", "2007-01-01 is greater than to: 2006-12-31"),
    ):
        assert words in page.partition(f'id="{field}"')[2][:200], field
    assert page.count('aria-invalid="true"') == 3
    assert Fields(page).found["c1-o-null_share"] == "two"
    twice = send(client, schema, form_of(client, schema) | {"c0-name": "name"} | {"c2-o-from": ""}, "save")
    assert (
        "the name occurs twice"
        in send(
            client, schema, form | {"c0-name": "name", "c2-o-from": "", "c1-o-null_share": ""}, "save"
        ).content.decode()
    )
    assert twice.status_code == 422
    assert client.get(f"/api/v1/schemas/{schema}").json()["revision"] == 1


def test_the_preview_follows_the_draft(portal: Portal) -> None:
    client = marketer(portal)
    schema = schema_id(client, SMALL)
    form = form_of(client, schema) | {"c1-type": "Constant", "c1-o-value": "always"}
    part = client.post(f"/made-up-files/{schema}/edit/", {**form, "do": "preview"}, HTTP_X_VSF_PART="editor")
    text = part.content.decode()
    assert part.status_code == 200
    assert draft(schema)["columns"][1]["type"] == "Full Name"  # while somebody types, nothing is stored
    assert "<html" not in text
    assert text.partition('id="preview-table"')[2].count(">always</td>") == 10
    form["c1-o-value"] = ""
    part = client.post(f"/made-up-files/{schema}/edit/", {**form, "do": "preview"}, HTTP_X_VSF_PART="editor")
    assert "option value: it is missing" in part.content.decode()


def test_a_schema_begins_empty_from_csv_and_from_yaml(portal: Portal) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    client = marketer(portal)

    def begin(**form: Any) -> str:
        answer = client.post("/made-up-files/new/", form)
        assert answer.status_code == 302, answer.content.decode()
        return str(answer["Location"].split("/")[2])

    assert draft(begin(way="empty", name="first"))["columns"] == [{"name": "id", "type": "Sequence"}]
    file = SimpleUploadedFile("my cust;omers.csv", b"id;email\n1;a@example.com\n")
    found = draft(begin(way="csv", name="", file=file))
    assert (found["name"], [c["type"] for c in found["columns"]]) == ("my cust omers", ["Integer", "Email"])
    again = draft(begin(way="yaml", name="", text=as_yaml(SMALL)))
    assert again == SMALL
    assert draft(begin(way="yaml", name="", text=json.dumps(SMALL)))["name"] == "customers 2"
    for way, text in (("yaml", "- 1"), ("yaml", "a: [}"), ("yaml", "name: x"), ("csv", ""), ("csv", "\n\n")):
        answer = client.post("/made-up-files/new/", {"way": way, "name": "x", "text": text})
        assert (answer.status_code, 'role="alert"' in answer.content.decode()) == (422, True), (way, text)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "x", "columns": [{"name": NaN}]}',
        '{"name": "x", "columns": [{"name": "\\u0000"}]}',
        '{"name": "x", "columns": [{"name": "\\ud800"}]}',
    ],
)
def test_what_no_database_holds_is_refused(portal: Portal, text: str) -> None:
    client = marketer(portal)
    schema = schema_id(client, SMALL)
    assert client.post(f"/made-up-files/{schema}/edit/", {"do": "text", "text": text}).status_code == 422
    assert client.post("/made-up-files/new/", {"way": "yaml", "text": text}).status_code == 422
    form = form_of(client, schema) | {"c0-o-from": "1e999", "c0-name": "a\0b"}
    assert send(client, schema, form, "keep").status_code == 302
    assert draft(schema)["columns"][0] == {"name": "ab", "type": "Sequence", "from": "1e999"}


def test_yaml_is_taken_into_a_draft_and_its_errors_are_shown(portal: Portal) -> None:
    client = marketer(portal)
    schema = schema_id(client, SMALL)
    wrong = client.post(f"/made-up-files/{schema}/edit/", {"do": "text", "text": "name: a\nname: b"})
    assert wrong.status_code == 422
    assert "occurs twice in one mapping" in wrong.content.decode()
    text = as_yaml({"name": "customers", "columns": [{"name": f"c{n}", "type": "UUID"} for n in range(70)]})
    assert client.post(f"/made-up-files/{schema}/edit/", {"do": "text", "text": text}).status_code == 302
    page = client.get(f"/made-up-files/{schema}/edit/").content.decode()
    assert "too many for the form" in page
    assert "editor-form" not in page


def test_the_editor_opens_with_fields_of_any_kind(portal: Portal) -> None:
    client = marketer(portal)
    schema = schema_id(client, SMALL)
    text = json.dumps({"name": [1], "columns": [3, {"name": {}, "type": []}], "separator": {}, "quote": [], "table": 7})
    assert client.post(f"/made-up-files/{schema}/edit/", {"do": "text", "text": text}).status_code == 302
    page = client.get(f"/made-up-files/{schema}/edit/")
    assert page.status_code == 200
    assert send(client, schema, form_of(client, schema), "save").status_code == 422


CSV = (
    b"id,Name,e_mail,born,score,active,when,ip,note,first_name,Country,seq,empty,id\n"
    b"7,Ann Lee,ann@example.com,31.12.1999,1.5,true,2024-01-02T03:04:05,192.0.2.1,long text here,Ann,Chile,5,,1\n"
    b'-3,Bo Ek,,01.02.2000,20.25,false,2024-05-06T07:08:09,198.51.100.7,"a, b",Bo,Peru,6,,2\n'
    b"12,Cy Oz,cy@example.org,15.06.2001,3,true,2023-05-06T07:08:09,203.0.113.9,x,Cy,Togo,7,,4\n"
)
GUESSED = {
    "id": {"type": "Integer", "from": -3, "to": 12},
    "Name": {"type": "Full Name"},
    "e_mail": {"type": "Email", "null_share": 0.33},
    "born": {"type": "Date", "from": "1999-12-31", "to": "2001-06-15", "format": "%d.%m.%Y"},
    "score": {"type": "Decimal", "from": 1.5, "to": 20.25, "places": 2},
    "active": {"type": "Boolean"},
    "when": {"type": "Datetime", "from": "2023-05-06T07:08:09", "to": "2024-05-06T07:08:09"},
    "ip": {"type": "IP Address"},
    "note": {"type": "Text", "from": 1, "to": 1},
    "first_name": {"type": "First Name"},
    "Country": {"type": "Country"},
    "seq": {"type": "Sequence", "from": 5},
    "empty": {"type": "Text"},
    "id 2": {"type": "Integer", "from": 1, "to": 4},
}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_are_guessed_from_the_beginning_of_a_csv_file(separator: str) -> None:
    quoted = CSV.replace(b'"a, b"', b"a b").replace(b",", separator.encode())
    found = guess_schema("x", b"\xef\xbb\xbf" + quoted)
    assert {column.pop("name"): column for column in found["columns"]} == GUESSED
    schema_of({**guess_schema("x", CSV)})
    assert guess_schema("x", CSV)["columns"][8]["name"] == "note"


@pytest.mark.parametrize(
    ("content", "separator", "headers"),
    [
        ("Straße;Größe\nx;1\n".encode("cp1252"), "semicolon", ["Straße", "Größe"]),
        ("Straße;Größe\nx;1\n".encode("utf-16"), "semicolon", ["Straße", "Größe"]),
        (codecs.BOM_UTF32_BE + "ä,b\n".encode("utf-32-be"), "comma", ["ä", "b"]),
        (("ä;b\n" + "é;ü\n" * 50_000).encode(), "semicolon", ["ä", "b"]),  # a character is cut where reading ends
        (b'"a;b;c;d",e\n1,2\n', "comma", ["a;b;c;d", "e"]),
        (b'"first\nname";b\n1;2\n', "semicolon", ["first\nname", "b"]),
        (b"a|b\r1|2\r3|4\r", "pipe", ["a", "b"]),
        (b"\n\r\n\na;b\n1;2\n", "semicolon", ["a", "b"]),
        (b"sep=|\r\na|b,c,d\r\n1|2\r\n", "pipe", ["a", "b,c,d"]),
        (b"sep=^\na^b\n", "comma", ["a", "b"]),
        (b'sep="\na;b\n', "comma", ['sep="']),
        (b"a~b~c\n1~2~3\n", "comma", ["a", "b", "c"]),
        (b"a\x01b\n1\x012\n", "comma", ["a", "b"]),
        (b"a b c\n1 2 3\n4 5 6\n", "space", ["a", "b", "c"]),
        (b"full name\nAda Lovelace\n", "comma", ["full name"]),
        (b"time: day\n10:00:05\n", "comma", ["time: day"]),
        (b",a,A,a,a 2,\n", "comma", ["column 1", "a", "A", "a 2", "a 2 2", "column 6"]),
        (",".join(f"c{n}" for n in range(300)).encode(), "comma", [f"c{n}" for n in range(300)]),
    ],
)
def test_a_header_is_found_whatever_the_file_is_written_with(
    content: bytes, separator: str, headers: list[str]
) -> None:
    found = guess_schema("x", content)
    assert (found["separator"], [column["name"] for column in found["columns"]]) == (separator, headers)
    schema_of(found)


def test_a_number_or_a_day_is_no_phone_number() -> None:
    values = guess_schema("x", b"id,day\n9999999999999999999,0001-01-01\n")["columns"]
    assert [column["type"] for column in values] == ["Text", "Text"]


@pytest.mark.parametrize("content", [b"", b"\n", b",,\n", b"\0\0", ",".join(f"c{n}" for n in range(1001)).encode()])
def test_a_file_without_usable_headers_is_refused(content: bytes) -> None:
    with pytest.raises(NoHeaderError):
        guess_schema("x", content)


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "NULL",
        "1e5",
        "007",
        "2024-01-01",
        "a: b",
        "- x",
        "#",
        '"',
        "\\",
        "\x7f\x85",
        "\ufeff",
        "😀",
        "a\u202eb",
        "",
    ],
)
def test_yaml_is_read_as_it_was_written(text: str) -> None:
    content = {"name": text, "columns": [{"name": text, text: [text, True, 1, -1.5, 1e-7, 1e22]}]}
    assert parse_mapping(as_yaml(content).encode()) == content


def test_a_form_has_no_more_rows_than_it_may() -> None:
    assert draft_of({"columns": "999999999", "name": "x"}, {})["columns"] == []
    assert len(draft_of({"columns": "999", "name": "x"}, {})["columns"]) == 60
    full = {"columns": [{"name": str(n), "type": "UUID"} for n in range(60)]}
    assert len(changed(full, "add")["columns"]) == 60
    assert rows_of({"columns": ["x", None, {"name": 5, "type": ["y"]}]})[2].kind is None
