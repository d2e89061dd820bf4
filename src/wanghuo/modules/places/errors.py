"""What can be wrong with a unit, in words."""

from __future__ import annotations

from wanghuo.base import Invalid, Text


class UsccWrong(Invalid):
    """The social credit code is not one."""

    code = "places.uscc_wrong"
    text = Text(
        "统一社会信用代码“{uscc}”校验不符，请对照营业执照。",
        "The unified social credit code “{uscc}” does not check; compare it with the licence.",
    )


class UsccTaken(Invalid):
    """A unit the actor can see has the code already."""

    code = "places.uscc_taken"
    text = Text(
        "统一社会信用代码已登记在 {ref} {name}；请改那一户，不要重复登记。",
        "This social credit code belongs to {ref} {name}; change that unit instead of registering it again.",
    )


class NeedsChecking(Invalid):
    """A unit the actor cannot see has the code: its existence is not told (security 2.2)."""

    code = "places.needs_checking"
    text = Text(
        "这个信用代码需要由你的上级机构核对后才能登记。",
        "This credit code needs checking by your office before it can be registered.",
    )


class OutsideChina(Invalid):
    """The point is not in China: most often longitude and latitude were swapped."""

    code = "places.outside_china"
    text = Text(
        "坐标 {lng}, {lat} 不在中国境内；经度在前、纬度在后。",
        "The point {lng}, {lat} is not in China; longitude comes first, latitude second.",
    )


class PurposeNeeded(Invalid):
    """A number is shown only for a purpose that is written down."""

    code = "places.purpose_needed"
    text = Text("请写明查看用途（至少 4 个字），将记入审计。", "Say what you need it for; it goes into the audit log.")
