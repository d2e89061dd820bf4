from django.urls import URLPattern, URLResolver, path

from wanghuo.modules.alarms import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("alarms", pages.alarms),
    path("alarms/console", pages.console),
    path("alarms/console/rows", pages.rows),
    path("alarms/console/seat", pages.seat),
    path("alarms/console/hand-over", pages.hand_over),
    path("alarms/of/<str:ref>", pages.of_unit),
    path("alarms/<str:ref>", pages.alarm),
    path("alarms/<str:ref>/pane", pages.pane),
    path("alarms/<str:ref>/acts/<str:name>", pages.act),
]
