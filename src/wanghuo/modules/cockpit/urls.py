from django.urls import URLPattern, URLResolver, path

from wanghuo.modules.cockpit import map_pages, pages, search_pages, system_pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.start),
    path("overview", pages.overview),
    path("map", map_pages.map_page),
    path("map/points.json", map_pages.map_points),
    path("search", search_pages.search),
    path("admin/system", system_pages.system),
    path("admin/system/sending/retry", system_pages.resend),
    path("admin/system/outbox/<int:delivery_id>/retry", system_pages.retry),
]
