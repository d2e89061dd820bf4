from django.apps import AppConfig

from wanghuo.base import Text


class IndicatorsConfig(AppConfig):
    name = "wanghuo.kernel.indicators"
    label = "indicators"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.kernel.indicators import defining, imports, jobs, registry, reported  # noqa: F401
        from wanghuo.kernel.ui import nav

        registry.register_source(reported.load, version=reported.version, offers=reported.offers, adopt=defining.adopt)
        nav.add("accountability", Text("指标", "Indicators"), "/indicators", right="indicators.view", order=14)
        nav.add(
            "accountability",
            Text("指标填报", "Reports of indicators"),
            "/indicators/reports",
            right="indicators.report",
            order=16,
        )
