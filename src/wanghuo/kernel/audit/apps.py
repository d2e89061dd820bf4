from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "wanghuo.kernel.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.base import Text
        from wanghuo.kernel.audit import jobs  # noqa: F401
        from wanghuo.kernel.ui import nav

        nav.add("admin", Text("审计", "Audit log"), "/admin/audit", right="audit.view", order=30)
