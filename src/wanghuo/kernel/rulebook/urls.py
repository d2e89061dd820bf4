from django.urls import URLPattern, URLResolver, path

from wanghuo.kernel.rulebook import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("rules", pages.rules),
    path("rules/<str:rule_id>", pages.rule_detail),
]
