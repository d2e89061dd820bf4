from django.urls import URLPattern, URLResolver, path

from wanghuo.modules.places import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("units", pages.units),
    path("units/new", pages.new_unit),
    path("units/<str:ref>", pages.unit),
    path("units/<str:ref>/acts/<slug:name>", pages.unit_act),
    path("people/<uuid:person_id>/acts/reveal", pages.reveal),
    path("people/<uuid:person_id>/acts/end", pages.end_person),
    path("buildings", pages.buildings),
    path("buildings/new", pages.new_building),
    path("buildings/<str:ref>", pages.building),
    path("buildings/<str:ref>/acts/<slug:name>", pages.building_act),
]
