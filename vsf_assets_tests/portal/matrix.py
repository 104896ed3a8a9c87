"""The table of rights: each address of the portal, and who gets which answer.

Here: one line per address and method. An address without a line fails the test. Not here: the test
(test_rights_matrix.py), the API (matrix_api.py), callers and answers (matrix_answers.py).
"""

from vsf_assets_tests.portal.catalog_objects import NELLY
from vsf_assets_tests.portal.dictionaries import SAMPLE
from vsf_assets_tests.portal.matrix_answers import (
    API,
    API_MARTS,
    API_OF_SENDER,
    CALLERS,
    CHANGE_MADE,
    CHANGE_OF_SENDER,
    DELIVER,
    EXPORT,
    FILE_PAGE,
    FILE_ROWS,
    MADE,
    MARTS,
    NO_SQL,
    NOBODY,
    NOBODYS,
    NOTICE,
    OF_DATASET,
    OF_GRANTED,
    OF_SENDER,
    OF_TEAM,
    PAGE,
    POST_TO_ALL,
    POST_TO_NOTICE,
    POST_TO_TEAM,
    RAW_TABLE,
    RECEIPT,
    RECEIPT_ROWS,
    ROLES,
    THEIRS,
    Line,
    of_makers,
    refused,
)
from vsf_assets_tests.portal.matrix_api import FOR_PROGRAMS

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
    Line("dictionaries/", "/dictionaries/", refused(422, 302, 403, 422), "POST", (("name", "new"),)),
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
    Line("dictionaries/<str:name>/rename/", "/dictionaries/small/rename/", refused(400), "POST"),
    Line("dictionaries/<str:name>/delete/", "/dictionaries/small/delete/", refused(400), "POST"),
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
    Line("made-up-files/<ulid:schema_id>/edit/", "/made-up-files/{made}/edit/", of_makers(302), "POST"),
    Line("made-up-files/<ulid:schema_id>/generate/", "/made-up-files/{made}/generate/", of_makers(422), "POST"),
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
    Line("api/v1/schemas/<schema_id>", "/api/v1/schemas/{made}", of_makers(422, 401), "PUT", json="{}"),
    Line(
        "api/v1/schemas/<schema_id>/files",
        "/api/v1/schemas/{made}/files",
        of_makers(422, 401),
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
    *FOR_PROGRAMS,
)
