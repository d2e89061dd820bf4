from django.urls import URLPattern, URLResolver, path, register_converter

from wanghuo.kernel.accounts import bodies_pages, pages, people_pages


class PersonAct:
    """What can be done with an account at one press."""

    regex = "disable|enable|reset-password|remove-second-factor"

    def to_python(self, value: str) -> str:
        """The act as it stands in the address."""
        return value

    def to_url(self, value: str) -> str:
        """The act as it stands in the address."""
        return value


register_converter(PersonAct, "person_act")

urlpatterns: list[URLPattern | URLResolver] = [
    path("login", pages.login, name="login"),
    path("login/code", pages.login_code, name="login_code"),
    path("logout", pages.logout, name="logout"),
    path("account", pages.account),
    path("account/password", pages.password),
    path("account/second-factor", pages.second_factor_page),
    path("account/recovery-codes", pages.recovery_codes),
    path("account/confirm", pages.confirm),
    path("account/sessions/end-others", pages.end_other_sessions),
    path("account/sessions/<int:number>/end", pages.end_session),
    path("admin/people", people_pages.people),
    path("admin/people/new", people_pages.new_person),
    path("admin/people/<str:username>", people_pages.person),
    path("admin/people/<str:username>/grants", people_pages.grant),
    path("admin/people/<str:username>/grants/<int:number>/end", people_pages.end_grant),
    path("admin/people/<str:username>/<person_act:name>", people_pages.act),
    path("admin/bodies", bodies_pages.listing),
    path("admin/bodies/new", bodies_pages.new),
    path("admin/bodies/standard", bodies_pages.standard),
    path("admin/bodies/<uuid:body_id>", bodies_pages.body),
]
