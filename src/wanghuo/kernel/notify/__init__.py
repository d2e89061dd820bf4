"""Telling people: messages inside the platform, webhooks, SMS and mail outside of it, and what open pages hear live."""

from wanghuo.kernel.notify.telling import notify

__all__ = ["notify"]
