from django.apps import AppConfig


class GeoConfig(AppConfig):
    name = "wanghuo.kernel.geo"
    label = "geo"
    default_auto_field = "django.db.models.BigAutoField"
