# SPDX-License-Identifier: GPL-2.0-or-later
"""One boot a class: the class says in BOOT how its host is started, its tests run on that host in order."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import extras  # noqa: E402
from host import Host  # noqa: E402


@pytest.fixture(scope="class")
def host(request):
	"""The class's host, up and ready."""
	boot = dict(getattr(request.cls, "BOOT", {}))
	boot.setdefault("name", "system-" + request.cls.__name__.lower().removeprefix("test"))
	if hasattr(request.cls, "EXTRAS"):
		boot["files"] = list(boot.get("files", ())) + extras.files(*request.cls.EXTRAS)
	with Host(os.environ.get("HYPERVISOR", "paravane"), **boot) as h:
		yield h
