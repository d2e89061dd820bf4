from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "wanghuo.kernel.jobs"
    label = "jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.kernel.jobs import upkeep  # noqa: F401 - declares the periodic tasks
