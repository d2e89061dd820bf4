from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "wanghuo.kernel.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.base import Text
        from wanghuo.kernel.accounts import bodies_imports
        from wanghuo.kernel.ui import nav

        bodies_imports.register()

        nav.add("admin", Text("人员与授权", "People and grants"), "/admin/people", "accounts.manage", order=20)
        rights = ("accounts.manage", "regions.edit")
        nav.add("admin", Text("机构", "Organisations"), "/admin/bodies", rights, order=25)
