"""Set up Django for a command, once, and only for the commands that need it."""

from __future__ import annotations

import os


def setup() -> None:
    """Make the platform's models and services importable."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wanghuo.entrypoints.web.settings")
    import django

    django.setup()
