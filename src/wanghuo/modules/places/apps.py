from django.apps import AppConfig


class PlacesConfig(AppConfig):
    name = "wanghuo.modules.places"
    label = "places"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.modules.places import imports

        imports.register()
