from django.apps import AppConfig


class WorkplansConfig(AppConfig):
    name = "wanghuo.modules.workplans"
    label = "workplans"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.modules.workplans import listeners  # noqa: F401
