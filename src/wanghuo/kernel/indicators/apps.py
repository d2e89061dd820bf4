from django.apps import AppConfig

from wanghuo.base import Text


class IndicatorsConfig(AppConfig):
    name = "wanghuo.kernel.indicators"
    label = "indicators"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.kernel.indicators import jobs  # noqa: F401
        from wanghuo.kernel.ui import nav

        nav.add("accountability", Text("指标", "Indicators"), "/indicators", right="indicators.view", order=10)
