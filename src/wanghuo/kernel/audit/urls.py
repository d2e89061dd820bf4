from django.urls import URLPattern, URLResolver, path

from wanghuo.kernel.audit import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/audit", pages.log, name="audit"),
    path("admin/audit/<uuid:entry_id>", pages.entry, name="audit_entry"),
    path("transparency", pages.about, name="transparency"),
    path("transparency/checkpoint", pages.checkpoint, name="checkpoint"),
]
