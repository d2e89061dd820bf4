from django.urls import URLPattern, URLResolver, path

from wanghuo.modules.hazards import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("hazards", pages.hazards),
    path("hazards/new", pages.new),
    path("hazards/of/<str:ref>", pages.of_unit),
    path("hazards/<str:ref>", pages.hazard),
    path("hazards/<str:ref>/why", pages.why),
    path("hazards/<str:ref>/acts/<str:name>", pages.act),
    path("listings", pages.listings),
    path("listings/<str:ref>", pages.listing),
    path("listings/<str:ref>/acts/delist", pages.delist),
    path("p/hazards", pages.disclosed),
]
