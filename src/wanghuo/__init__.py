"""望火 Wanghuo: a platform with which a region governs fire safety. See docs/architecture.md."""

__version__ = "0.1.0"
