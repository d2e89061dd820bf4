"""For every test: generated inputs are judged by what comes out, never by the clock of a shared machine."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("no_clock", deadline=None)
settings.load_profile("no_clock")
