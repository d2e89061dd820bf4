from functools import partial

from django.apps import AppConfig


def _order_to(code: str, region: str, period: str) -> str:
    """The form of an order about an indicator, for one region."""
    return f"/programmes/orders/new?to={region}&code={code}"


def _letter_to(kind: str, code: str, region: str, period: str) -> str:
    """The form of a letter about an indicator in a region and period."""
    return f"/letters/new?kind={kind}&about=indicator:{code}:{region}:{period}"


class AccountabilityConfig(AppConfig):
    name = "wanghuo.modules.accountability"
    label = "accountability"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.base import Text
        from wanghuo.kernel.indicators.following import follow_up
        from wanghuo.kernel.ui import nav
        from wanghuo.modules.accountability import imports, indicators, jobs, listeners, papers  # noqa: F401

        papers.register()
        follow_up(Text("派单", "order"), "accountability.order", _order_to)
        follow_up(Text("通报", "circular"), "accountability.letter", partial(_letter_to, "circular"))
        follow_up(Text("约谈", "interview"), "accountability.letter", partial(_letter_to, "interview"))
        daily = (
            (Text("派单", "Monthly orders"), "/programmes/orders"),
            (Text("巡查", "Tours"), "/tours"),
            (Text("排名表", "Ranking tables"), "/tables"),
            (Text("通报抄告督办约谈", "Letters"), "/letters"),
        )
        now_and_then = (
            (Text("会商与例会", "Meetings"), "/meetings"),
            (Text("督办建议", "Proposed measures"), "/tables/measures"),
            (Text("责任清单", "Duty lists"), "/duty-lists"),
            (Text("年度考核", "Assessments"), "/assessments"),
            (Text("情况报告", "Reports"), "/reports"),
        )
        for first, pages in ((30, daily), (60, now_and_then)):
            for place, (label, path) in enumerate(pages):
                nav.add("accountability", label, path, "accountability.view", first + place)
