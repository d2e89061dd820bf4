from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "wanghuo.kernel.files"
    label = "files"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.kernel.files import jobs  # noqa: F401
