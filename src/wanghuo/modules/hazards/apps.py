from django.apps import AppConfig


class HazardsConfig(AppConfig):
    name = "wanghuo.modules.hazards"
    label = "hazards"
    default_auto_field = "django.db.models.BigAutoField"
