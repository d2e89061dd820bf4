from __future__ import annotations

from django.urls import URLPattern, path

from wanghuo.kernel.papers import pages, public_pages

urlpatterns: list[URLPattern] = [
    path("papers", pages.papers),
    path("papers/new", pages.new),
    path("papers/seals", pages.seals_page),
    path("papers/seals/<uuid:body_id>", pages.seal_page),
    path("papers/<str:ref>", pages.paper),
    path("papers/<str:ref>/pdf", pages.pdf),
    path("papers/<str:ref>/docx", pages.docx),
    path("papers/<str:ref>/change", pages.change),
    path("papers/<str:ref>/acts/seal", pages.seal),
    path("papers/<str:ref>/acts/<slug:name>", pages.act),
    path("papers/<str:ref>/files/<uuid:file_id>", pages.file),
    path("papers/<str:ref>/copies/<uuid:copy_id>/acts/<slug:name>", pages.copy_act),
    path("p/verify", public_pages.verify),
    path("p/verify/certificate.pem", public_pages.certificate),
    path("p/verify/<str:code>", public_pages.verified),
]
