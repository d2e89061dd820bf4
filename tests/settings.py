"""Settings of the tests: a data folder of their own for each run, and the looser transport rules of the test mode.

pytest-django reads the settings before any conftest.py, so the environment is set here.
"""

import os
import tempfile

os.environ["WANGHUO_MODE"] = "test"
os.environ.setdefault("WANGHUO_TEST_HOME", tempfile.mkdtemp(prefix="wanghuo-test-"))
os.environ["WANGHUO_HOME"] = os.environ["WANGHUO_TEST_HOME"]

from wanghuo.entrypoints.web.settings import *  # noqa: E402, F403

STATIC_ROOT.mkdir(exist_ok=True)  # noqa: F405
