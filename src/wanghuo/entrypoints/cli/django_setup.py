"""Set up Django for a command, once, and only for the commands that need it."""

from __future__ import annotations

import os


def settle() -> None:
    """Make the platform's settings readable, which takes a moment where `setup` takes seconds."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wanghuo.entrypoints.web.settings")


def setup() -> None:
    """Make the platform's models and services importable."""
    settle()
    import django

    django.setup()
