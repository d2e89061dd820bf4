from django.apps import AppConfig


class PlacesConfig(AppConfig):
    name = "wanghuo.modules.places"
    label = "places"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.base import Text
        from wanghuo.kernel.accounts import units
        from wanghuo.kernel.ledgers.registers import provide_referred
        from wanghuo.kernel.ui import nav
        from wanghuo.modules.places import imports, indicators, listeners, public  # noqa: F401

        units.provide(public.account_unit)
        provide_referred("unit", public.referred_unit)
        imports.register()
        indicators.declare()
        nav.add("units", Text("单位", "Units"), "/units", right="places.view", order=30)
        nav.add("units", Text("建筑", "Buildings"), "/buildings", right="places.view", order=31)
