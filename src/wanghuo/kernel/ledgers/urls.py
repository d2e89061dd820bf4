from django.urls import URLPattern, URLResolver, path

from wanghuo.kernel.ledgers import pages
from wanghuo.kernel.ledgers.registers import pages as registers
from wanghuo.kernel.ledgers.registers import setup_pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("data/imports", pages.imports),
    path("data/imports/new", pages.new),
    path("data/imports/template/<str:kind>.xlsx", pages.template),
    path("data/imports/<uuid:run_id>", pages.import_run),
    path("data/imports/<uuid:run_id>/columns", pages.columns),
    path("data/imports/<uuid:run_id>/problems.xlsx", pages.problems),
    path("data/imports/<uuid:run_id>/acts/<slug:name>", pages.act),
    path("data/exports/<slug:file_id>.<slug:kind>", pages.export_file),
    path("ledgers", registers.front),
    path("ledgers/new", setup_pages.new),
    path("ledgers/<slug:code>", registers.register),
    path("ledgers/<slug:code>/about", registers.about),
    path("ledgers/<slug:code>/use", registers.use),
    path("ledgers/<slug:code>/setup", setup_pages.setup),
    path("ledgers/<slug:code>/preview", setup_pages.preview),
    path("ledgers/<slug:code>/moves/<slug:name>", setup_pages.move),
    path("ledgers/<slug:code>/new", registers.new),
    path("ledgers/<slug:code>/confirm", registers.confirm),
    path("ledgers/<slug:code>/map", registers.chart),
    path("ledgers/<slug:code>/points.json", registers.points),
    path("ledgers/<slug:code>/rows/<str:ref>", registers.row),
    path("ledgers/<slug:code>/rows/<str:ref>/acts/<slug:name>", registers.act),
    path("p/ledgers/<slug:code>", registers.public),
]
