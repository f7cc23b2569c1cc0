"""The site's settings for tests: a state folder of their own, no waiting between submissions, mail kept in memory."""

import atexit
import os
import shutil
import tempfile

if "STATE_DIR" not in os.environ:
    os.environ["STATE_DIR"] = tempfile.mkdtemp(prefix="rendu-tests-")
    atexit.register(shutil.rmtree, os.environ["STATE_DIR"], ignore_errors=True)
os.environ.setdefault("SUBMIT_INTERVAL_SECONDS", "0")
os.environ.setdefault("EMAIL_URL", "memory:")

from config.settings import *  # noqa: E402,F403  (the environment must be set first)

# Static files straight from their sources: nothing has to be collected first.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True

# On disk, not in memory: other processes and the threads of a live server use it too.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405  (from the star import)
    DATABASES["default"]["TEST"] = {"NAME": os.path.join(os.environ["STATE_DIR"], "test.sqlite3")}  # noqa: F405
