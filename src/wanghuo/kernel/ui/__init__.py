"""The design system: pages, lists, forms, components. See docs/modules/ui.md."""

from wanghuo.kernel.ui.language import lang, say
from wanghuo.kernel.ui.pages import go, is_fragment, render

__all__ = ["go", "is_fragment", "lang", "render", "say"]
