from django.apps import AppConfig


class AlarmsConfig(AppConfig):
    name = "wanghuo.modules.alarms"
    label = "alarms"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.base import Text
        from wanghuo.kernel.ui import nav
        from wanghuo.modules.alarms import imports, indicators, jobs, listeners  # noqa: F401
        from wanghuo.modules.places import public as places

        nav.add("alarms", Text("值班台", "Console"), "/alarms/console", "alarms.handle", 10)
        nav.add("alarms", Text("报警记录", "Alarms"), "/alarms", "alarms.view", 20)
        nav.add("alarms", Text("搁置与维护", "Shelved, maintenance"), "/alarms/kept", "alarms.view", 22)
        nav.add("alarms", Text("报警健康", "Alarm health"), "/alarms/health", "alarms.view", 24)
        nav.add("alarms", Text("时段分布", "Hours of the day"), "/alarms/hours", "indicators.view", 25)
        nav.add("alarms", Text("反复误报", "Repeat offenders"), "/alarms/offenders", "alarms.view", 26)
        places.register_panel(
            places.Panel("alarms", Text("报警", "Alarms"), "alarms.view", lambda ref: f"/alarms/of/{ref}", 30)
        )
