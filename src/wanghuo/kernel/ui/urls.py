from django.conf import settings
from django.urls import URLPattern, URLResolver, path

from wanghuo.kernel.ui import gallery, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("language", views.language),
    path("views", views.save_view),
    path("views/<uuid:view_id>/delete", views.delete_view),
    path("manifest.webmanifest", views.manifest),
]
if not settings.PRODUCTION:
    urlpatterns += [
        path("ui", gallery.gallery),
        path("ui/list", gallery.listing),
        path("ui/form", gallery.form),
        path("ui/detail", gallery.detail),
        path("ui/explain", gallery.explain),
        path("ui/acts/<str:name>", gallery.act),
        path("ui/error/<int:status>", gallery.error),
        path("ui/points.json", gallery.points),
    ]
