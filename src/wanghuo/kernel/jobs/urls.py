from django.urls import URLPattern, URLResolver, path

from wanghuo.kernel.jobs import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("jobs/<uuid:job_id>", pages.show),
    path("jobs/<uuid:job_id>/cancel", pages.cancel),
]
