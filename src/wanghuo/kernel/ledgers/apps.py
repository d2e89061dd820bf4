from django.apps import AppConfig


class LedgersConfig(AppConfig):
    name = "wanghuo.kernel.ledgers"
    label = "ledgers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.base import Text
        from wanghuo.kernel.ledgers import exporting
        from wanghuo.kernel.ledgers.pages import NAV_RIGHTS
        from wanghuo.kernel.ledgers.registers import imports, indicators, tables
        from wanghuo.kernel.ui import nav

        nav.add("data", Text("台账", "Registers"), "/ledgers", right="ledgers.view", order=50)
        nav.add("data", Text("导入", "Imports"), "/data/imports", right=NAV_RIGHTS, order=60)
        indicators.watch()
        imports.watch()
        exporting.export_source(tables.EXPORTS, tables.exported)
