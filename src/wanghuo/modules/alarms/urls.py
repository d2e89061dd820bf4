from django.urls import URLPattern, URLResolver, path

from wanghuo.modules.alarms import health_pages, hour_pages, kept_pages, pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("alarms", pages.alarms),
    path("alarms/console", pages.console),
    path("alarms/console/rows", pages.rows),
    path("alarms/console/seat", pages.seat),
    path("alarms/console/hand-over", pages.hand_over),
    path("alarms/kept", kept_pages.kept),
    path("alarms/shelves/<uuid:shelf_id>/end", kept_pages.end_shelf),
    path("alarms/windows/new", kept_pages.new_window),
    path("alarms/windows/<str:ref>/end", kept_pages.end_window),
    path("alarms/health", health_pages.health),
    path("alarms/hours", hour_pages.hours),
    path("alarms/offenders", health_pages.offenders),
    path("alarms/offenders/<str:ref>/mend", health_pages.mend),
    path("alarms/of/<str:ref>", pages.of_unit),
    path("alarms/<str:ref>", pages.alarm),
    path("alarms/<str:ref>/pane", pages.pane),
    path("alarms/<str:ref>/answer", pages.answer_alarm),
    path("alarms/<str:ref>/acts/<str:name>", pages.act),
]
