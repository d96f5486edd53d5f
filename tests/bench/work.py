# SPDX-License-Identifier: GPL-2.0-or-later
"""Jobs inside a guest for make bench-jobs: a compile whose compiler comes from the disk, transactions of PostgreSQL and requests to
nginx, both with their clients in the guest and their files in its memory. The guest's root is images.work(), a disk of the host's
by the default back end of the toolstack; it does what lines on its console ask for (tools/setup/work)."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from host import HostFailed  # noqa: E402

CONFIG = """cat >/tmp/work.cfg <<END
name = "work"
type = "pv"
kernel = "/guests/vmlinux"
ramdisk = "/guests/initrd.gz"
cmdline = "console=hvc0 quiet loglevel=4 root=/dev/xvda ro init=/jobs/init"
memory = 256
vcpus = 1
tsc_mode = "native"
disk = ["$(findfs LABEL=work),raw,xvda,r"]
END
"""
# request TTY NUMBER JOB...: ask the guest on its console's terminal and wait for the answer; nothing polls meanwhile.
REQUEST = r"""cat >/tmp/request <<'END'
tty=$1 number=$2
shift 2
exec 3<>$tty
echo "$number $*" >&3
while read -r -t 300 line <&3; do
	line=${line%$'\r'}
	[[ $line == "work: $number "* ]] && exit "${line##* }"
done
exit 99
END
"""
LOG = "/var/log/xen/console/guest-work.log"
TRANSACTIONS, CLIENTS, REQUESTS = 100, 4, 500
# The row, what is asked for first and is not counted (the servers' first work brings them in from the disk), the job, how often.
JOBS = [
	("compile in a guest", ["drop"], "compile", 1),
	(f"pgbench, {TRANSACTIONS * CLIENTS} transactions in a guest", ["ready", f"pgbench {TRANSACTIONS}"], f"pgbench {TRANSACTIONS}", 3),
	(f"nginx, {REQUESTS} requests in a guest", [f"nginx {REQUESTS}"], f"nginx {REQUESTS}", 3),
]


class Guest:
	"""The running guest, and the number of its last request."""

	def __init__(self, host):
		self.host, self.number = host, 0
		host.ok(CONFIG + REQUEST + f"{host.vane} create -q /tmp/work.cfg", 600)
		host.ok(f"for i in $(seq 600); do grep -q 'work: ready' {LOG} && exit; sleep 0.5; done; tail {LOG}; exit 1", 600)
		self.tty = host.ok(f"xenstore-read /local/domain/$({host.vane} domid work)/console/tty")

	def command(self, job):
		"""The command of dom0's that has the next request done."""
		self.number += 1
		return f"bash /tmp/request {self.tty} {self.number} {job}"

	def said(self):
		"""The last line that the last request printed in the guest."""
		text = self.host.ok(f"sleep 1; tr -d '\\r' <{LOG}")
		return re.split(r"^work: .*\n?", text, flags=re.M)[self.number].strip().split("\n")[-1]


def run(host, did):
	"""All jobs in one guest: did(row, command) counts each; what they printed, which must be the same on every hypervisor."""
	said, guest = [], Guest(host)

	def ask(act, job):
		try:
			act(guest.command(job))
		except HostFailed as e:
			raise HostFailed(f"{job} in the guest: {host.run(f'tail -n 25 {LOG}')[1]}\n{e}") from None
		return guest.said()
	for row, before, job, times in JOBS:
		for first in before:
			ask(lambda command: host.ok(command, 600), first)
		for _ in range(times):
			said.append(ask(lambda command, row=row: did(row, command), job))
	host.ok(f"{host.vane} destroy work", 60)
	return said
