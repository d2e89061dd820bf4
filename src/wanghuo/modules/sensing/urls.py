from django.urls import URLPattern, URLResolver, path

from wanghuo.modules.sensing import pages, profile_pages, roll_pages, way_pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("devices", pages.devices),
    path("devices/new", pages.new_device),
    path("devices/quarantine", pages.quarantine),
    path("devices/quarantine/<str:source>", pages.quarantined),
    path("devices/quarantine/<str:source>/acts/ignore", pages.ignore),
    path("devices/of/<str:ref>", pages.devices_of_unit),
    path("devices/<str:ref>", pages.device),
    path("devices/<str:ref>/acts/command", pages.command),
    path("devices/<str:ref>/acts/token", way_pages.make_token),
    path("devices/<str:ref>/acts/revoke", way_pages.revoke_tokens),
    path("devices/<str:ref>/acts/<slug:name>", pages.device_act),
    path("devices/<str:ref>/components/<str:key>", pages.component_act),
    path("devices/<str:ref>/frames/<str:frame_ref>", pages.frame),
    path("ways", way_pages.way_list),
    path("ways/new/<slug:kind>", way_pages.new_way),
    path("ways/profiles", profile_pages.profile_list),
    path("ways/profiles/new", profile_pages.new_profile),
    path("ways/profiles/<slug:code>", profile_pages.profile_page),
    path("ways/profiles/<slug:code>/edit", profile_pages.edit_profile),
    path("ways/profiles/<slug:code>/remove", profile_pages.remove_profile),
    path("ways/<slug:code>", way_pages.way),
    path("ways/<slug:code>/acts/<slug:name>", way_pages.way_act),
    path("roll-calls", roll_pages.roll_list),
    path("roll-calls/new", roll_pages.new_roll),
    path("roll-calls/league", roll_pages.league),
    path("roll-calls/<str:ref>", roll_pages.roll),
]
