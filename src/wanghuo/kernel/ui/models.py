"""The keys of forms that have been taken, so that a form sent twice is written once."""

from __future__ import annotations

from django.db import models


class FormKey(models.Model):
    """One form that was written: its key, who sent it, and the page that answered it. Kept for a week."""

    key = models.UUIDField(primary_key=True)
    user_id = models.BigIntegerField(null=True)
    url = models.CharField(max_length=500)
    at = models.DateTimeField(auto_now_add=True, db_index=True)
