"""Whole stories through the web, in a real browser, against a real deployment."""
