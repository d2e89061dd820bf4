from django.apps import AppConfig


class NotifyConfig(AppConfig):
    name = "wanghuo.kernel.notify"
    label = "notify"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.kernel.notify import jobs  # noqa: F401 - declares the periodic tasks
        from wanghuo.kernel.notify.telling import unread
        from wanghuo.kernel.ui.context import set_counter

        set_counter("notices", lambda actor: unread(actor.id) if actor.id is not None else 0)
