from django.urls import URLPattern, URLResolver, path

from wanghuo.modules.sensing import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("devices", pages.devices),
    path("devices/new", pages.new_device),
    path("devices/quarantine", pages.quarantine),
    path("devices/quarantine/<str:source>", pages.quarantined),
    path("devices/quarantine/<str:source>/acts/ignore", pages.ignore),
    path("devices/of/<str:ref>", pages.devices_of_unit),
    path("devices/<str:ref>", pages.device),
    path("devices/<str:ref>/acts/command", pages.command),
    path("devices/<str:ref>/acts/<slug:name>", pages.device_act),
    path("devices/<str:ref>/components/<str:key>", pages.component_act),
    path("devices/<str:ref>/frames/<str:frame_ref>", pages.frame),
]
