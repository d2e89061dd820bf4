from django.urls import URLPattern, URLResolver, path

from wanghuo.kernel.regions import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("regions/options", pages.options),
    path("geo/boundaries/<str:code>.json", pages.boundaries),
    path("admin/regions", pages.regions),
    path("admin/regions/renumber", pages.renumber),
]
