"""Every address of the portal.

Here: the list; a new address needs a line in the matrix of rights too (vsf_assets_tests/portal/matrix.py), or the build
fails. Not here: the views.
"""

from django.contrib import admin
from django.urls import include, path, register_converter

from vsf_assets.common.ulids import UlidConverter
from vsf_assets.portal.accounts import dagster_access, join_views, profile_views, session_views, team_views, token_views
from vsf_assets.portal.api import old_names
from vsf_assets.portal.api.routes import api
from vsf_assets.portal.catalog import catalog_finders, catalog_routes, catalog_views, object_views
from vsf_assets.portal.data import table_views
from vsf_assets.portal.datasets import api_routes, change_views, dictionary_views, list_views
from vsf_assets.portal.deliveries import delivery_views
from vsf_assets.portal.insights import insight_views, score_views
from vsf_assets.portal.made import api_routes as made_api
from vsf_assets.portal.made import editor_views, elsewhere_views, schema_views
from vsf_assets.portal.made.schema_finder import find_schemas
from vsf_assets.portal.notices import notice_views, settings_views
from vsf_assets.portal.questions import editing_views, link_views, question_views, sql_views
from vsf_assets.portal.receipts import file_list_views, receipt_views
from vsf_assets.portal.search import search_views
from vsf_assets.portal.search.finders import register_finder
from vsf_assets.portal.shared import theme
from vsf_assets.portal.status import status_views

register_converter(UlidConverter, "ulid")
api.add_router("", api_routes.router)
api.add_router("", made_api.router)
register_finder("Schemas of made-up files", find_schemas)
api.add_router("", catalog_routes.router)
catalog_finders.register_catalog_finders()

urlpatterns = [
    path("", status_views.home, name="home"),
    path("status/", status_views.status, name="status"),
    path("status/deliveries/", status_views.deliveries, name="deliveries"),
    path("search/", search_views.search, name="search"),
    path("theme/", theme.choose_theme, name="theme"),
    path("deliveries/", delivery_views.delivery_list, name="delivery_list"),
    path("deliveries/new/", delivery_views.new_delivery, name="delivery_new"),
    path("deliveries/<ulid:delivery_id>/cancel/", delivery_views.delivery_cancel, name="delivery_cancel"),
    path("deliveries/<ulid:delivery_id>/", receipt_views.delivery, name="receipt"),
    path("deliveries/<ulid:delivery_id>/bad-rows/", receipt_views.delivery_bad_rows, name="receipt_bad_rows"),
    path("deliveries/<ulid:delivery_id>/anomalies/<slug:form>/", receipt_views.delivery_report, name="receipt_report"),
    path("deliveries/files/", file_list_views.files, name="file_list"),
    path("deliveries/files/<int:file_id>/", receipt_views.file, name="file_receipt"),
    path("deliveries/files/<int:file_id>/bad-rows/", receipt_views.file_bad_rows, name="file_bad_rows"),
    path("deliveries/files/<int:file_id>/anomalies/<slug:form>/", receipt_views.file_report, name="file_report"),
    path("data/", table_views.tables, name="tables"),
    path("data/<slug:schema>/<slug:name>/", table_views.table, name="table"),
    path("data/<slug:schema>/<slug:name>/row/", table_views.row, name="row"),
    path("data/<slug:schema>/<slug:name>/export/<slug:form>/", table_views.export, name="export"),
    path("insights/", insight_views.insights, name="insights"),
    path("insights/<slug:name>/", insight_views.insight, name="insight"),
    path("insights/<slug:name>/figures.csv", insight_views.insight_csv, name="insight_csv"),
    path("scores/", score_views.scores, name="scores"),
    path("scores/<int:campaign>/", score_views.campaign_scores, name="campaign_scores"),
    path("catalog/", catalog_views.catalog, name="catalog"),
    path("catalog/objects/", object_views.objects, name="catalog_objects"),
    path("catalog/object/", object_views.catalog_object, name="catalog_object"),
    path("catalog/skipped/", object_views.skipped, name="catalog_skipped"),
    path("catalog/<slug:kind>/", catalog_views.entries, name="catalog_entries"),
    path("catalog/<slug:kind>/<slug:key>/", catalog_views.entry, name="catalog_entry"),
    path("dictionaries/", list_views.dictionaries, name="dictionaries"),
    path("dictionaries/<str:name>/", dictionary_views.dictionary, name="dictionary"),
    path("dictionaries/<str:name>/datapoints.json", dictionary_views.datapoints, name="dictionary_datapoints"),
    path("dictionaries/<str:name>/versions/", dictionary_views.versions, name="dictionary_versions"),
    path("dictionaries/<str:name>/versions/<int:version>/", dictionary_views.dictionary, name="dictionary_version"),
    path(
        "dictionaries/<str:name>/versions/<int:version>/anomalies/",
        dictionary_views.anomalies,
        name="dictionary_anomalies",
    ),
    path(
        "dictionaries/<str:name>/versions/<int:version>/anomalies_report.csv",
        dictionary_views.report,
        name="dictionary_report",
    ),
    path(
        "dictionaries/<str:name>/versions/<int:version>/changes/<int:old>/",
        dictionary_views.changes,
        name="dictionary_changes",
    ),
    path("dictionaries/<str:name>/rename/", change_views.rename, name="dictionary_rename"),
    path("dictionaries/<str:name>/delete/", change_views.delete, name="dictionary_delete"),
    path("dictionaries/<str:name>/deliveries/<ulid:group>/", list_views.arrival, name="dictionary_arrival"),
    path(
        "dictionaries/<str:name>/deliveries/<ulid:group>/state/",
        list_views.arrival_state,
        name="dictionary_arrival_state",
    ),
    path("made-up-files/", schema_views.schemas, name="made"),
    path("made-up-files/new/", editor_views.new, name="made_new"),
    path("made-up-files/landed/<str:name>/", elsewhere_views.landed, name="made_landed"),
    path("made-up-files/landed/<str:name>/copy/", elsewhere_views.copy, name="made_landed_copy"),
    path("made-up-files/landed/<str:name>/<int:request_id>/", elsewhere_views.landed_file, name="made_landed_file"),
    path("made-up-files/<ulid:schema_id>/", schema_views.schema, name="made_schema"),
    path("made-up-files/<ulid:schema_id>/edit/", editor_views.edit, name="made_edit"),
    path("made-up-files/<ulid:schema_id>/delete/", schema_views.delete, name="made_delete"),
    path("made-up-files/<ulid:schema_id>/schema.yaml", schema_views.export, name="made_export"),
    path("made-up-files/<ulid:schema_id>/generate/", schema_views.generate, name="made_generate"),
    path("made-up-files/<ulid:schema_id>/files/<ulid:request_id>/", schema_views.download, name="made_file"),
    path("questions/", question_views.questions, name="questions"),
    path("questions/sql/", sql_views.sql_page, name="sql"),
    path("questions/sql/history/", sql_views.history, name="sql_history"),
    path("questions/new/", editing_views.new_question, name="question_new"),
    path("questions/<uuid:question_id>/", question_views.question, name="question"),
    path("questions/<uuid:question_id>/export/<slug:form>/", question_views.export, name="question_export"),
    path("questions/<uuid:question_id>/edit/", editing_views.edit_question, name="question_edit"),
    path("questions/<uuid:question_id>/delete/", editing_views.remove_question, name="question_delete"),
    path("questions/<uuid:question_id>/versions/", editing_views.versions, name="question_versions"),
    path("questions/<uuid:question_id>/links/", link_views.new_link, name="question_link_new"),
    path("questions/<uuid:question_id>/links/<uuid:link_id>/end/", link_views.end, name="question_link_end"),
    path("join/<str:secret>/", join_views.join, name="join"),
    path("profile/", profile_views.profile, name="profile"),
    path("profile/delete/", profile_views.delete, name="profile_delete"),
    path("tokens/", token_views.tokens, name="tokens"),
    path("tokens/<uuid:token_id>/end/", token_views.end, name="token_end"),
    path("team/", team_views.teams, name="teams"),
    path("team/<uuid:team_id>/", team_views.team, name="team"),
    path("team/<uuid:team_id>/invite/", team_views.invite_member, name="team_invite"),
    path("team/<uuid:team_id>/invitations/<uuid:link_id>/end/", team_views.end_invitation, name="team_invitation_end"),
    path("team/<uuid:team_id>/members/<uuid:member_id>/", team_views.member, name="team_member"),
    path("team/<uuid:team_id>/members/<uuid:member_id>/password/", team_views.password_link, name="team_password"),
    path("team/<uuid:team_id>/grants/", team_views.grant, name="team_grant"),
    path("team/<uuid:team_id>/notices/", settings_views.team_notices, name="team_notices"),
    path("team/<uuid:team_id>/notices/webhook/", settings_views.webhook, name="team_webhook"),
    path("team/<uuid:team_id>/notices/webhook/end/", settings_views.end_webhook, name="team_webhook_end"),
    path("team/<uuid:team_id>/notices/webhook/test/", settings_views.test_webhook, name="team_webhook_test"),
    path("notices/", notice_views.notices, name="notices"),
    path("notices/read/", notice_views.read_all, name="notices_read"),
    path("notices/<uuid:notice_id>/", notice_views.notice, name="notice"),
    path("notices/<uuid:notice_id>/read/", notice_views.read, name="notice_read"),
    path("account/dagster-access/", dagster_access.dagster_access, name="dagster_access"),
    path("dagster/", dagster_access.to_dagster, name="dagster"),
    path("account/sessions/", session_views.sessions, name="usersessions_list"),
    path("account/sessions/<slug:mark>/end/", session_views.end, name="session_end"),
    path("account/", include("allauth.account.urls")),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    path("api/docs", status_views.api_docs, name="api_docs"),
    path("docs/", status_views.to_docs, name="docs"),
    path("vsf/api/", old_names.index, name="old_index"),
    path("vsf/api/activity/", old_names.activity, name="old_activity"),
    path("vsf/api/by_limit/", old_names.by_limit, name="old_by_limit"),
    path("vsf/api/by_device/", old_names.by_device, name="old_by_device"),
]

handler400 = "vsf_assets.portal.shared.error_pages.bad_request"
handler403 = "vsf_assets.portal.shared.error_pages.forbidden"
handler404 = "vsf_assets.portal.shared.error_pages.not_found"
handler500 = "vsf_assets.portal.shared.error_pages.server_error"
