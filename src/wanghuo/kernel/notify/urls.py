from django.urls import URLPattern, URLResolver, path

from wanghuo.kernel.notify import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("notifications", pages.notifications),
    path("notifications/read", pages.open_all),
    path("notifications/<uuid:notification_id>", pages.open_one),
    path("live/since", pages.since),
]
