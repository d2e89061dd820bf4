from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "wanghuo.kernel.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.base import Text
        from wanghuo.kernel.ui import nav

        nav.add("admin", Text("人员与授权", "People and grants"), "/admin/people", "accounts.manage", order=20)
