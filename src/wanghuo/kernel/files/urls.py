from django.urls import URLPattern, URLResolver, path

from wanghuo.kernel.files import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("files/<uuid:file_id>", pages.file, name="file"),
    path("files/<uuid:file_id>/thumb", pages.thumb, name="file_thumb"),
]
