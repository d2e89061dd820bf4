from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from wanghuo.base import AppError, Text


class RulebookConfig(AppConfig):
    name = "wanghuo.kernel.rulebook"
    label = "rulebook"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.kernel.ui import nav

        nav.add("accountability", Text("规则", "Rules"), "/rules", right="rulebook.view", order=80)
        register(packs_hold)


def packs_hold(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse to start with a rule pack that does not say what it must."""
    from wanghuo.kernel.rulebook.book import book

    try:
        book()
    except AppError as error:
        return [Error(str(error), id="rulebook.E001")]
    return []
