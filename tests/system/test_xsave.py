# SPDX-License-Identifier: GPL-2.0-or-later
"""A processor with XSAVE and AVX: dom0 and a guest compute on the same CPU, and each gets its own right sums."""

ROUNDS = 20
LOOP = (f"i=0; while [ $i -lt {ROUNDS} ]; do i=$((i + 1)); md5sum < /proc/self/exe; seq 3000 | sort -r | md5sum;"
	" awk 'BEGIN { for (i = 1; i < 20000; i++) s += sqrt(i) * 1.5; printf(\"%.6f\\n\", s) }'; done")
COUNT = "sort | uniq -c | awk '{ print $1 }'"


class TestXsave:
	BOOT = {"cpus": 1, "network": None, "dom0_mem": 640, "cpu": "max,-smap"}

	def test_the_kernels_use_it(self, host):
		host.start_guests(1, 1, "vcpus=1", "memory=192")
		assert "xsave" in host.ok("grep -m1 flags /proc/cpuinfo")
		assert "xsave" in host.guest(1, "grep -m1 flags /proc/cpuinfo")

	def test_sums(self, host):
		host.guest(1, f"({LOOP}; touch /tmp/done) >/tmp/sums 2>&1 </dev/null & echo started")
		ours = host.ok(f"({LOOP}) 2>&1 | {COUNT}", timeout=120).split()
		assert ours == [str(ROUNDS)] * 3
		theirs = host.guest(1, f"while ! [ -e /tmp/done ]; do sleep 1; done; cat /tmp/sums | {COUNT}", timeout=120).split()
		assert theirs == [str(ROUNDS)] * 3
