from django.urls import URLPattern, URLResolver, path

from wanghuo.kernel.indicators import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("indicators", pages.catalogue),
    path("indicators/<str:code>", pages.detail),
    path("indicators/<str:code>/acts/target", pages.target),
]
