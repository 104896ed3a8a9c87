"""The table of rights: each address of the portal, and who gets which answer.

Here: one line per address and method. An address without a line fails the test. Not here: the test
(test_rights_matrix.py).

Callers are: a visitor; a stranger, who has an account and no team but an own one; each role in the platform's team,
`admin` with a second factor and the password given a moment ago; `other`, an administrator of another team that may
read the feed `clicks` alone; `sender`, a steward of the team that delivered `{delivery}` and owns a dataset, which may
deliver and read no feed; and `granted`, an analyst of a team that may read the feed `datasets` and owns no dataset.
"""

from dataclasses import dataclass

from vsf_assets_tests.portal.catalog_objects import NELLY
from vsf_assets_tests.portal.dictionaries import SAMPLE

ROLES = ("reader", "analyst", "steward", "marketer", "engineer", "admin")
CALLERS = ("visitor", "stranger", *ROLES, "other", "sender", "granted")

PAGE = dict.fromkeys(CALLERS, 200) | {"visitor": 302}
"""A page for everybody who signed in; visitors are led to the log-in."""

OPEN = dict.fromkeys(CALLERS, 200)
OWN = "own"
"""Addresses with tests of their own: pages of django-allauth about the own account, and the admin site."""

OUTSIDE = ("stranger", "other", "sender", "granted")
"""Who may read none of the feeds of events and campaigns, but for clicks."""

MARTS = PAGE | dict.fromkeys(OUTSIDE, 404)
OF_GRANTED = MARTS | {"other": 200, "granted": 200}
"""What the ledger's tables have: the rows of a team's feeds."""
EXPORT = MARTS | {"reader": 403, "steward": 403, "marketer": 403}
RAW_TABLE = MARTS | dict.fromkeys(("reader", "analyst", "steward", "marketer"), 404)
API = dict.fromkeys(CALLERS, 200) | {"visitor": 401}
API_MARTS = API | dict.fromkeys(OUTSIDE, 404)
API_SHARED = API | {"stranger": 404, "sender": 404}
API_CLICKS = API_SHARED | {"granted": 404}
DELIVER = (
    dict.fromkeys(CALLERS, 403) | {"visitor": 302} | dict.fromkeys(("steward", "engineer", "admin", "sender"), 200)
)
NOBODYS = dict.fromkeys(CALLERS, 404) | {"visitor": 302}
OF_DATASET = PAGE | {"stranger": 404, "other": 404, "sender": 404}
"""Of the platform's: also for those who were granted the feed."""
API_OF_DATASET = API | {"stranger": 404, "other": 404, "sender": 404}
OF_SENDER = PAGE | {"stranger": 404, "other": 404, "granted": 404}
"""Of a dataset of the sender's team: for this team and the platform alone."""
API_OF_SENDER = API | {"stranger": 404, "other": 404, "granted": 404}
CHANGE_OF_SENDER = OF_SENDER | dict.fromkeys(ROLES, 403) | {"sender": 400}
NOT_STEWARDS = ("reader", "analyst", "marketer")
NO_SQL = dict.fromkeys(CALLERS, 403) | {"visitor": 302}
"""None of the callers sees personal data; those who do stand in a table of their own (test_question_rights.py)."""
POST_TO_ALL = dict.fromkeys(CALLERS, 302)
NOBODY = "01890000000000000000000000"
"""An id that nothing has."""

OF_TEAM = dict.fromkeys(CALLERS, 404) | {"visitor": 302, "admin": 200}
POST_TO_TEAM = OF_TEAM | {"admin": 302}
NOTICE = PAGE | dict.fromkeys(OUTSIDE, 404)
"""A notice about a feed that the other teams may not read."""
POST_TO_NOTICE = dict.fromkeys(CALLERS, 302) | dict.fromkeys(OUTSIDE, 404)
RECEIPT = dict.fromkeys(CALLERS, 404) | {"visitor": 302} | dict.fromkeys(("engineer", "admin", "sender"), 200)
"""Of a delivery of the sender's team: engineers of the platform see it too."""

RECEIPT_ROWS = RECEIPT | {"engineer": 403, "admin": 403, "sender": 409}
"""The sender may have them; here the original is not kept."""
FILE_PAGE = PAGE | {"stranger": 404, "sender": 404, "granted": 404}
FILE_ROWS = dict.fromkeys(CALLERS, 403) | {"visitor": 302, "stranger": 404, "sender": 404, "granted": 404}
"""Rows as delivered, of a file that no team of the portal delivered: with the permission personal data alone."""

MADE = PAGE | dict.fromkeys(OUTSIDE, 404)
"""A page of a schema of the platform's team."""
CHANGE_MADE = MADE | dict.fromkeys(("reader", "analyst", "steward", "engineer"), 403)
"""What marketers and administrators may."""
THEIRS = dict.fromkeys(CALLERS, 404) | {"visitor": 302}
"""A schema of a team in which no caller is a member."""


def _of_makers(status: int, to_visitors: int = 302) -> dict[str, int]:
    """Return the answers to a change of a schema of the platform's team that is malformed."""
    return CHANGE_MADE | {"marketer": status, "admin": status, "visitor": to_visitors}


@dataclass(frozen=True)
class Line:
    """One address: as the configuration has it, an example, the method, and caller -> status.

    `data` is the form of a POST, `json` its body instead.
    """

    route: str
    example: str
    answers: dict[str, int] | str
    method: str = "GET"
    data: tuple[tuple[str, str], ...] = ()
    json: str = ""


def _refused(allowed: int, to_visitors: int = 302, to_others: int = 404, to_sender: int = 404) -> dict[str, int]:
    """Return the answers to a change that is malformed: who may make it is told so."""
    answers = dict.fromkeys(CALLERS, allowed) | dict.fromkeys(NOT_STEWARDS, 403)
    answers |= {"visitor": to_visitors, "stranger": to_others, "other": to_others}
    return answers | {"sender": to_sender, "granted": 403}


TABLE = (
    Line("", "/", PAGE),
    Line("status/", "/status/", PAGE),
    Line("status/deliveries/", "/status/deliveries/?feed=events&day=2019-05-20", dict.fromkeys(CALLERS, 302)),
    Line("deliveries/", "/deliveries/", PAGE),
    Line("deliveries/new/", "/deliveries/new/", DELIVER),
    Line("deliveries/new/", "/deliveries/new/", DELIVER, "POST"),
    Line("deliveries/<ulid:delivery_id>/cancel/", "/deliveries/{delivery}/cancel/", NOBODYS | {"sender": 302}, "POST"),
    Line("deliveries/files/", "/deliveries/files/?feed=clicks", FILE_PAGE),
    Line("deliveries/files/", "/deliveries/files/?feed=events", MARTS),
    Line("deliveries/files/<int:file_id>/", "/deliveries/files/{clicks}/", FILE_PAGE),
    Line("deliveries/files/<int:file_id>/", "/deliveries/files/{events}/", MARTS | {"sender": 200}),
    Line("deliveries/files/<int:file_id>/", "/deliveries/files/7/", dict.fromkeys(CALLERS, 404) | {"visitor": 302}),
    Line("deliveries/files/<int:file_id>/bad-rows/", "/deliveries/files/{clicks}/bad-rows/", FILE_ROWS),
    Line(
        "deliveries/files/<int:file_id>/anomalies/<slug:form>/", "/deliveries/files/{clicks}/anomalies/csv/", FILE_PAGE
    ),
    Line("deliveries/<ulid:delivery_id>/", "/deliveries/{delivery}/", RECEIPT),
    Line("deliveries/<ulid:delivery_id>/bad-rows/", "/deliveries/{delivery}/bad-rows/", RECEIPT_ROWS),
    Line("deliveries/<ulid:delivery_id>/anomalies/<slug:form>/", "/deliveries/{delivery}/anomalies/html/", RECEIPT),
    Line("dagster/", "/dagster/", NOBODYS),  # without VSF_UI_URL; with it: test_dagster_proxy.py
    Line("data/", "/data/", PAGE),
    Line("data/<slug:schema>/<slug:name>/", "/data/marts/dim_lines/", MARTS),
    Line("data/<slug:schema>/<slug:name>/", "/data/marts/fct_campaign_scores/", MARTS),
    Line("data/<slug:schema>/<slug:name>/", "/data/reports/files/", OF_GRANTED),
    Line("data/<slug:schema>/<slug:name>/", "/data/raw/events/", RAW_TABLE),
    Line("data/<slug:schema>/<slug:name>/", "/data/raw/clicks/", RAW_TABLE | {"other": 200}),
    Line("data/<slug:schema>/<slug:name>/", "/data/raw/builds/", RAW_TABLE),
    Line("data/<slug:schema>/<slug:name>/", "/data/marts/nothing/", dict.fromkeys(CALLERS, 404) | {"visitor": 302}),
    Line("data/<slug:schema>/<slug:name>/row/", "/data/marts/dim_lines/row/?is_unknown=true", MARTS),
    Line("data/<slug:schema>/<slug:name>/export/<slug:form>/", "/data/marts/dim_lines/export/csv/", EXPORT),
    Line("search/", "/search/?q=lines", PAGE),
    Line("theme/", "/theme/", dict.fromkeys(CALLERS, 302), "POST", (("theme", "dark"),)),
    Line(
        "data/<slug:schema>/<slug:name>/export/<slug:form>/",
        "/data/reports/files/export/parquet/",
        EXPORT | {"other": 200, "granted": 200},
    ),
    Line("insights/", "/insights/", PAGE),
    *(
        Line(f"insights/<slug:name>/{end}", f"/insights/{name}/{end}", answers)
        for end in ("", "figures.csv")
        for name, answers in (
            ("volume", MARTS),
            ("active-lines", MARTS),
            ("limited-lines", MARTS),
            ("campaigns", MARTS),
            ("quality", OF_GRANTED),
            ("anomalies", OF_GRANTED),
            ("nothing", dict.fromkeys(CALLERS, 404) | {"visitor": 302}),
        )
    ),
    Line("scores/", "/scores/", MARTS),
    Line("scores/<int:campaign>/", "/scores/7/", MARTS),
    Line("scores/<int:campaign>/", "/scores/8/", dict.fromkeys(CALLERS, 404) | {"visitor": 302}),
    *(
        Line(f"catalog/{route}", f"/catalog/{example}", MARTS)
        for route, example in (
            ("", ""),
            ("objects/", "objects/?state=vanished"),
            ("object/", "object/?profile=default&name=a.data"),
            ("skipped/", "skipped/?type=book"),
            ("<slug:kind>/", "songs/"),
            ("<slug:kind>/<slug:key>/", f"songs/{NELLY}/"),
        )
    ),
    Line("catalog/<slug:kind>/", "/catalog/books/", dict.fromkeys(CALLERS, 404) | {"visitor": 302}),
    *(
        Line(f"api/v1/catalog{route}", f"/api/v1/catalog{example}", API_MARTS)
        for route, example in (
            ("", ""),
            ("/objects", "/objects"),
            ("/object", "/object?profile=default&name=a.data"),
            ("/skipped-types", "/skipped-types"),
            ("/<kind>", "/songs"),
            ("/<kind>/<key>", f"/songs/{NELLY}"),
        )
    ),
    Line("dictionaries/", "/dictionaries/", PAGE),
    Line("dictionaries/", "/dictionaries/", _refused(422, 302, 403, 422), "POST", (("name", "new"),)),
    *(
        Line(f"dictionaries/<str:name>/{route}", f"/dictionaries/small/{example}", OF_DATASET)
        for route, example in (
            ("", ""),
            ("datapoints.json", "datapoints.json?namespace=ns-1&database=db"),
            ("versions/", "versions/"),
            ("versions/<int:version>/", "versions/1/"),
            ("versions/<int:version>/anomalies/", "versions/3/anomalies/"),
            ("versions/<int:version>/anomalies_report.csv", "versions/3/anomalies_report.csv"),
            ("versions/<int:version>/changes/<int:old>/", "versions/2/changes/1/"),
        )
    ),
    *(
        Line(f"dictionaries/<str:name>/{route}", f"/dictionaries/{SAMPLE}/{example}", OF_SENDER)
        for route, example in (
            ("", ""),
            ("versions/", "versions/"),
            ("versions/<int:version>/", "versions/1/"),
            ("versions/<int:version>/anomalies/", "versions/1/anomalies/"),
            ("versions/<int:version>/anomalies_report.csv", "versions/1/anomalies_report.csv"),
        )
    ),
    Line("dictionaries/<str:name>/rename/", f"/dictionaries/{SAMPLE}/rename/", CHANGE_OF_SENDER, "POST"),
    Line("dictionaries/<str:name>/delete/", f"/dictionaries/{SAMPLE}/delete/", CHANGE_OF_SENDER, "POST"),
    Line("api/v1/datasets/<name>/versions", f"/api/v1/datasets/{SAMPLE}/versions", API_OF_SENDER),
    Line("api/v1/datasets/<name>/anomalies.csv", f"/api/v1/datasets/{SAMPLE}/anomalies.csv", API_OF_SENDER),
    Line("deliveries/files/<int:file_id>/", "/deliveries/files/{sample}/", MARTS),
    Line("data/<slug:schema>/<slug:name>/", "/data/marts/dim_dataset_versions/", MARTS | {"granted": 200}),
    Line("dictionaries/<str:name>/", "/dictionaries/nothing/", dict.fromkeys(CALLERS, 404) | {"visitor": 302}),
    Line("dictionaries/<str:name>/rename/", "/dictionaries/small/rename/", _refused(400), "POST"),
    Line("dictionaries/<str:name>/delete/", "/dictionaries/small/delete/", _refused(400), "POST"),
    Line(
        "dictionaries/<str:name>/deliveries/<ulid:group>/",
        f"/dictionaries/small/deliveries/{NOBODY}/",
        dict.fromkeys(CALLERS, 404) | {"visitor": 302},
    ),
    Line(
        "dictionaries/<str:name>/deliveries/<ulid:group>/state/",
        f"/dictionaries/small/deliveries/{NOBODY}/state/",
        dict.fromkeys(CALLERS, 404) | {"visitor": 302},
    ),
    Line("made-up-files/", "/made-up-files/", PAGE),
    Line("made-up-files/new/", "/made-up-files/new/", PAGE),  # everybody is an administrator of an own team
    Line("made-up-files/new/", "/made-up-files/new/", dict.fromkeys(CALLERS, 422) | {"visitor": 302}, "POST"),
    *(
        Line(f"made-up-files/<ulid:schema_id>/{route}", f"/made-up-files/{{made}}/{route}", answers)
        for route, answers in (("", MADE), ("edit/", CHANGE_MADE), ("delete/", CHANGE_MADE), ("schema.yaml", MADE))
    ),
    *(
        Line(f"made-up-files/<ulid:schema_id>/{route}", f"/made-up-files/{{theirs}}/{route}", THEIRS, method)
        for route, method in (
            ("", "GET"),
            ("edit/", "GET"),
            ("edit/", "POST"),
            ("delete/", "POST"),
            ("schema.yaml", "GET"),
            ("generate/", "POST"),
        )
    ),
    *(
        Line(f"made-up-files/landed/<str:name>/{route}", f"/made-up-files/landed/nothing/{example}", THEIRS, method)
        for route, example, method in (("", "", "GET"), ("copy/", "copy/", "POST"), ("<int:request_id>/", "7/", "GET"))
    ),
    Line("made-up-files/<ulid:schema_id>/edit/", "/made-up-files/{made}/edit/", _of_makers(302), "POST"),
    Line("made-up-files/<ulid:schema_id>/generate/", "/made-up-files/{made}/generate/", _of_makers(422), "POST"),
    Line(
        "made-up-files/<ulid:schema_id>/files/<ulid:request_id>/",
        "/made-up-files/{made}/files/{made_file}/",
        MADE | dict.fromkeys(ROLES, 409),
    ),
    Line(
        "made-up-files/<ulid:schema_id>/files/<ulid:request_id>/",
        "/made-up-files/{theirs}/files/{their_file}/",
        THEIRS,
    ),
    Line("api/v1/column-types", "/api/v1/column-types", API),
    Line("api/v1/schemas", "/api/v1/schemas", API),
    Line("api/v1/schemas", "/api/v1/schemas", dict.fromkeys(CALLERS, 422) | {"visitor": 401}, "POST", json="{}"),
    *(
        Line(f"api/v1/schemas/<schema_id>{route}", f"/api/v1/schemas/{{made}}{route}", MADE | {"visitor": 401})
        for route in ("", "/schema.yaml", "/preview", "/files")
    ),
    Line("api/v1/schemas/<schema_id>", "/api/v1/schemas/{made}", _of_makers(422, 401), "PUT", json="{}"),
    Line(
        "api/v1/schemas/<schema_id>/files",
        "/api/v1/schemas/{made}/files",
        _of_makers(422, 401),
        "POST",
        json='{"rows": -1}',
    ),
    *(
        Line(
            f"api/v1/schemas/<schema_id>/files/<file_id>{route}",
            f"/api/v1/schemas/{{made}}/files/{{made_file}}{route}",
            MADE | {"visitor": 401} | answers,
        )
        for route, answers in (("", {}), ("/content", dict.fromkeys(ROLES, 409)))
    ),
    *(
        Line(f"api/v1/schemas/<schema_id>{route}", f"/api/v1/schemas/{{theirs}}{example}", answers, method, json=body)
        for answers in (THEIRS | {"visitor": 401},)
        for route, example, method, body in (
            ("", "", "GET", ""),
            ("", "", "PUT", "{}"),
            ("", "", "DELETE", ""),
            ("/schema.yaml", "/schema.yaml", "GET", ""),
            ("/preview", "/preview", "GET", ""),
            ("/files", "/files", "GET", ""),
            ("/files", "/files", "POST", '{"rows": 10}'),
            ("/files/<file_id>", "/files/{their_file}", "GET", ""),
            ("/files/<file_id>/content", "/files/{their_file}/content", "GET", ""),
        )
    ),
    Line("questions/", "/questions/", PAGE),
    Line("questions/sql/", "/questions/sql/?sql=select+1", NO_SQL),
    Line("questions/sql/", "/questions/sql/", NO_SQL, "POST", (("sql", "select 1"),)),
    Line("questions/sql/history/", "/questions/sql/history/", PAGE),
    Line("questions/sql/history/", "/questions/sql/history/", POST_TO_ALL, "POST", (("ran", "all"),)),
    Line("questions/new/", "/questions/new/", NO_SQL),
    Line("questions/new/", "/questions/new/", NO_SQL, "POST", (("name", "x"),)),
    *(
        Line(f"questions/<uuid:question_id>/{route}", f"/questions/{{question}}/{example}", NOBODYS)
        for route, example in (
            ("", ""),
            ("export/<slug:form>/", "export/csv/"),
            ("edit/", "edit/"),
            ("versions/", "versions/"),
        )
    ),
    *(
        Line(f"questions/<uuid:question_id>/{route}", f"/questions/{{question}}/{example}", NOBODYS, "POST")
        for route, example in (
            ("edit/", "edit/"),
            ("delete/", "delete/"),
            ("links/", "links/"),
            ("links/<uuid:link_id>/end/", "links/{data_link}/end/"),
        )
    ),
    Line("api/v1/questions", "/api/v1/questions", API),
    *(
        Line(
            f"api/v1/questions/<question_id>.{form}",
            f"/api/v1/questions/{{question}}.{form}",
            NOBODYS | {"visitor": 401},
        )
        for form in ("csv", "json", "parquet")
    ),
    Line("join/<str:secret>/", "/join/nothing/", dict.fromkeys(CALLERS, 404)),
    Line("profile/", "/profile/", PAGE),
    Line("profile/delete/", "/profile/delete/", dict.fromkeys(CALLERS, 302) | {"admin": 200}),
    Line("tokens/", "/tokens/", PAGE),
    Line("tokens/<uuid:token_id>/end/", "/tokens/{token}/end/", OF_TEAM | {"admin": 404}, "POST"),
    Line("team/", "/team/", PAGE),
    Line("team/<uuid:team_id>/", "/team/{team}/", OF_TEAM),
    Line("team/<uuid:team_id>/invite/", "/team/{team}/invite/", OF_TEAM, "POST", (("role", "reader"),)),
    Line(
        "team/<uuid:team_id>/invitations/<uuid:link_id>/end/",
        "/team/{team}/invitations/{link}/end/",
        POST_TO_TEAM,
        "POST",
    ),
    Line(
        "team/<uuid:team_id>/members/<uuid:member_id>/",
        "/team/{team}/members/{member}/",
        POST_TO_TEAM,
        "POST",
        (("role", "reader"),),
    ),
    Line(
        "team/<uuid:team_id>/members/<uuid:member_id>/password/",
        "/team/{team}/members/{member}/password/",
        OF_TEAM,
        "POST",
    ),
    Line("team/<uuid:team_id>/grants/", "/team/{team}/grants/", POST_TO_TEAM, "POST", (("feed", "clicks"),)),
    Line("team/<uuid:team_id>/notices/", "/team/{team}/notices/", OF_TEAM),
    Line("team/<uuid:team_id>/notices/", "/team/{team}/notices/", POST_TO_TEAM, "POST", (("missing-mail", "on"),)),
    Line(
        "team/<uuid:team_id>/notices/webhook/",
        "/team/{team}/notices/webhook/",
        OF_TEAM,
        "POST",
        (("url", "https://127.0.0.1/"),),  # refused in words
    ),
    Line("team/<uuid:team_id>/notices/webhook/test/", "/team/{team}/notices/webhook/test/", POST_TO_TEAM, "POST"),
    Line("team/<uuid:team_id>/notices/webhook/end/", "/team/{team}/notices/webhook/end/", POST_TO_TEAM, "POST"),
    Line("notices/", "/notices/", PAGE),
    Line("notices/read/", "/notices/read/", dict.fromkeys(CALLERS, 302), "POST"),
    Line("notices/<uuid:notice_id>/", "/notices/{notice}/", NOTICE),
    Line("notices/<uuid:notice_id>/read/", "/notices/{notice}/read/", POST_TO_NOTICE, "POST"),
    Line("api/docs", "/api/docs", OPEN),
    Line("docs/", "/docs/", dict.fromkeys(CALLERS, 302)),
    Line("vsf/api/", "/vsf/api/", API),
    Line("vsf/api/activity/", "/vsf/api/activity/", API_MARTS),
    Line("vsf/api/by_limit/", "/vsf/api/by_limit/", API_MARTS),
    Line("vsf/api/by_device/", "/vsf/api/by_device/", API_MARTS),
    Line("api/v1/openapi.json", "/api/v1/openapi.json", OPEN),
    Line("api/v1/", "/api/v1/", OPEN | dict.fromkeys(CALLERS, 404)),
    Line("api/v1/uploads/<upload>", "/api/v1/uploads/{delivery}", RECEIPT | {"visitor": 401}),
    Line(
        "api/v1/uploads/<upload>/bad-rows.csv",
        "/api/v1/uploads/{delivery}/bad-rows.csv",
        RECEIPT_ROWS | {"visitor": 401},
    ),
    Line(
        "api/v1/uploads/<upload>/anomalies.csv", "/api/v1/uploads/{delivery}/anomalies.csv", RECEIPT | {"visitor": 401}
    ),
    Line("api/v1/files/<file_id>", "/api/v1/files/{clicks}", API_CLICKS),
    Line("api/v1/files/<file_id>/bad-rows.csv", "/api/v1/files/{clicks}/bad-rows.csv", FILE_ROWS | {"visitor": 401}),
    Line("api/v1/files/<file_id>/anomalies.csv", "/api/v1/files/{clicks}/anomalies.csv", API_CLICKS),
    Line("api/v1/activity", "/api/v1/activity", API_MARTS),
    Line("api/v1/lines", "/api/v1/lines", API_MARTS),
    Line("api/v1/accounts", "/api/v1/accounts", API_MARTS),
    Line("api/v1/limits", "/api/v1/limits", API_MARTS),
    Line("api/v1/files", "/api/v1/files", API_SHARED),
    Line("api/v1/anomalies", "/api/v1/anomalies", API_SHARED),
    Line("api/v1/quality", "/api/v1/quality", API_SHARED),
    Line("api/v1/volume", "/api/v1/volume", API_MARTS),
    Line("api/v1/scores", "/api/v1/scores", API_MARTS),
    Line("api/v1/songs", "/api/v1/songs", API_MARTS),
    Line("api/v1/movies", "/api/v1/movies", API_MARTS),
    Line("api/v1/apps", "/api/v1/apps", API_MARTS),
    Line("api/v1/datasets", "/api/v1/datasets", API_OF_DATASET | {"sender": 200}),
    *(
        Line(f"api/v1/datasets/<name>/{route}", f"/api/v1/datasets/small/{example}", API_OF_DATASET)
        for route, example in (
            ("versions", "versions"),
            ("versions/<version>/changes/<old>", "versions/2/changes/1"),
            ("choices", "choices?namespace=ns-1"),
            ("datapoints.json", "datapoints.json?namespace=ns-1&database=db"),
            ("anomalies.csv", "anomalies.csv"),
        )
    ),
    Line(
        "api/v1/datasets/<name>/versions",
        "/api/v1/datasets/new/versions",
        _refused(422, 401, 403, 422),
        "POST",
        json='{"files": []}',
    ),
    Line("api/v1/datasets/<name>/files", "/api/v1/datasets/new/files", API | dict.fromkeys(CALLERS[1:], 400), "POST"),
    Line(
        "api/v1/datasets/<name>/rename",
        "/api/v1/datasets/small/rename",
        _refused(409, 401),
        "POST",
        json='{"new_name": ""}',
    ),
    Line(
        "api/v1/datasets/<name>/delete",
        "/api/v1/datasets/small/delete",
        _refused(422, 401),
        "POST",
        json='{"name": ""}',
    ),
    Line(
        "api/v1/dataset-uploads/<upload>",
        f"/api/v1/dataset-uploads/{NOBODY}",
        dict.fromkeys(CALLERS, 404) | {"visitor": 401},
    ),
    Line("api/v1/activity/by-device", "/api/v1/activity/by-device", API_MARTS),
    Line("api/v1/lines/by-limit", "/api/v1/lines/by-limit", API_MARTS),
    Line("api/v1/insights", "/api/v1/insights", API),
    Line("api/v1/insights/<name>", "/api/v1/insights/activity", API_MARTS),
    Line("api/v1/insights/<name>", "/api/v1/insights/before-activation?format=csv", API_MARTS),
    Line("api/v1/insights/<name>", "/api/v1/insights/scores", API_MARTS),
    Line("api/v1/insights/<name>", "/api/v1/insights/anomalies", API_SHARED),
    Line("api/v1/insights/<name>", "/api/v1/insights/nothing", dict.fromkeys(CALLERS, 404) | {"visitor": 401}),
    Line("api/v1/tables", "/api/v1/tables", API),
    Line("api/v1/tables/<layer>/<name>", "/api/v1/tables/marts/dim_lines", API_MARTS),
    Line("api/v1/tables/<layer>/<name>", "/api/v1/tables/reports/anomalies", API_SHARED),
    Line("api/v1/tables/<layer>/<name>/columns", "/api/v1/tables/marts/dim_lines/columns", API_MARTS),
    Line("api/v1/snapshots/current", "/api/v1/snapshots/current", API),
    Line("api/v1/me", "/api/v1/me", API),
    Line("api/v1/tokens", "/api/v1/tokens", API),
    Line("api/v1/sql", "/api/v1/sql", API | dict.fromkeys(CALLERS[1:], 403), "POST", json='{"sql": "select 1"}'),
    Line("api/v1/notices", "/api/v1/notices", API),
    Line("api/v1/uploads", "/api/v1/uploads", API),
    Line(
        "api/v1/uploads",
        "/api/v1/uploads",
        DELIVER | {"visitor": 401, "sender": 403} | dict.fromkeys(("steward", "engineer", "admin"), 201),
        "POST",
        json='{"file_name": "clicks_1.csv", "bytes": 3}',
    ),
    Line("api/v1/uploads/<upload>", "/api/v1/uploads/{delivery}", NOBODYS | {"visitor": 401, "sender": 409}, "DELETE"),
    Line("account/", "", OWN),
    Line("admin/", "", OWN),
)
"""The last two lines stand for every address below them; tests of their own are about these."""
