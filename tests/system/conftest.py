# SPDX-License-Identifier: GPL-2.0-or-later
"""One boot a class: the class says in BOOT how its host is started, its tests run on that host in order.

What is volume rather than behaviour is for `make soak`: a class says SOAK = True, or SOAK = the names of those of its tests. Such
tests are not collected at all unless SOAK is set in the environment, as the soak targets do.
"""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import extras  # noqa: E402
from host import Host  # noqa: E402


def for_soak(item):
	"""Is this test one for soak only?"""
	soak = getattr(item.cls, "SOAK", False)
	return soak is True or bool(soak) and item.originalname in soak


def pytest_collection_modifyitems(config, items):
	"""pytest calls this with the tests it found."""
	if not os.environ.get("SOAK"):
		items[:] = [item for item in items if not for_soak(item)]


@pytest.fixture(scope="class")
def host(request):
	"""The class's host, up and ready."""
	boot = dict(getattr(request.cls, "BOOT", {}))
	boot.setdefault("name", "system-" + request.cls.__name__.lower().removeprefix("test"))
	if hasattr(request.cls, "EXTRAS"):
		boot["files"] = list(boot.get("files", ())) + extras.files(*request.cls.EXTRAS)
	with Host(os.environ.get("HYPERVISOR", "paravane"), **boot) as h:
		yield h
