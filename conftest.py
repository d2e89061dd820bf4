"""Test set-up shared by every folder: a data folder of its own for each run, and the demo's looser transport rules."""

from __future__ import annotations

import os
import tempfile

os.environ["WANGHUO_MODE"] = "test"
os.environ["WANGHUO_HOME"] = tempfile.mkdtemp(prefix="wanghuo-test-")
