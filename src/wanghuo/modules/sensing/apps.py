from django.apps import AppConfig


class SensingConfig(AppConfig):
    name = "wanghuo.modules.sensing"
    label = "sensing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.base import Text
        from wanghuo.kernel.ui import nav
        from wanghuo.modules.places import public as places
        from wanghuo.modules.sensing import imports, indicators, jobs, listeners  # noqa: F401

        imports.register()
        indicators.declare()
        devices = Text("设备", "Devices")
        nav.add("units", devices, "/devices", right="sensing.view", order=32)
        down = Text("失联与故障设备", "Devices that are down")
        nav.add("units", Text("电气火灾预警", "Early warnings"), "/devices/early", right="sensing.view", order=34)
        nav.add("units", down, "/devices/down", right="sensing.view", order=33)
        nav.add("units", Text("点名查岗", "Roll-calls"), "/roll-calls", right="sensing.view", order=36)
        nav.add("units", Text("接入", "Ways in"), "/ways", right="sensing.ways", order=37)
        places.register_panel(places.Panel("devices", devices, "sensing.view", lambda ref: f"/devices/of/{ref}", 10))
