from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "wanghuo.kernel.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
