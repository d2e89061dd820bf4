from django.urls import URLPattern, URLResolver, path

from wanghuo.kernel.ledgers import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("data/imports", pages.imports),
    path("data/imports/new", pages.new),
    path("data/imports/template/<slug:kind>.xlsx", pages.template),
    path("data/imports/<uuid:run_id>", pages.import_run),
    path("data/imports/<uuid:run_id>/columns", pages.columns),
    path("data/imports/<uuid:run_id>/problems.xlsx", pages.problems),
    path("data/imports/<uuid:run_id>/acts/<slug:name>", pages.act),
    path("data/exports/<slug:file_id>.<slug:kind>", pages.export_file),
]
