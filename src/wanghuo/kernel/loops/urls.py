from django.urls import URLPattern, URLResolver, path

from wanghuo.kernel.loops import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("todo", pages.todo),
    path("todo/<uuid:duty_id>/why", pages.why),
    path("todo/<uuid:duty_id>/read", pages.read),
    path("todo/<uuid:duty_id>/snooze", pages.snooze),
    path("ladder", pages.steps),
    path("ladder/<str:ref>", pages.step),
    path("ladder/<str:ref>/acts/answer", pages.answer),
]
