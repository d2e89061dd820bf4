from django.urls import URLPattern, URLResolver, path

from wanghuo.kernel.indicators import pages, reports_pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("indicators", pages.catalogue),
    path("indicators/reports", reports_pages.reports),
    path("indicators/reports/<str:ref>", reports_pages.report),
    path("indicators/reports/<str:ref>/acts/<str:name>", reports_pages.act),
    path("indicators/reviews", reports_pages.reviews),
    path("indicators/new", reports_pages.define),
    path("indicators/presets", reports_pages.gallery),
    path("indicators/presets/<str:slug>/acts/use", reports_pages.use),
    path("indicators/<str:code>", pages.detail),
    path("indicators/<str:code>/acts/target", pages.target),
    path("indicators/<str:code>/acts/withdraw", reports_pages.withdraw),
]
