from django.apps import AppConfig


class LoopsConfig(AppConfig):
    name = "wanghuo.kernel.loops"
    label = "loops"
    default_auto_field = "django.db.models.BigAutoField"
