# SPDX-License-Identifier: GPL-2.0-or-later
"""gdb commands that show the hypervisor's objects; `make debug` loads them.

  pv-domains              every domain with its state and its memory
  pv-vcpus [DOMID]        vcpus: flags, where they run, saved instruction pointer
  pv-page MFN             a frame's owner, references and page type word in words
  pv-ports DOMID          event channels that are in use

They read memory through the CPU that gdb looks at, whoever runs there: our part of the address space is in every page
table.  Before boot has turned paging on nothing can be read.
"""
import gdb

FRAMETABLE = 0xffff820000000000
EVTCHNS_PER_PAGE = 64
TYPES = ["none", "writable", "L1", "L2", "L3", "L4", "descriptors"]
TYPE_BITS = [(59, "validated"), (58, "dropping"), (57, "partial"), (56, "pinned"), (55, "foreign")]
PAGE_BITS = [(63, "heap"), (62, "allocated"), (61, "broken")]
VCPU_BITS = [(0, "down"), (1, "blocked"), (2, "polling")]
PORT_STATES = ["free", "reserved", "unbound", "interdomain", "pirq", "virq", "ipi"]
DYING = ["", "dying", "dead"]


def value(expression):
	"""Evaluate an expression of the hypervisor's C."""
	return gdb.parse_and_eval(expression)


def names(word, bits):
	"""Names of the bits that are set."""
	return " ".join(name for bit, name in bits if word >> bit & 1)


def domains():
	"""All domains: the table has two levels, indexed by domid."""
	leaves = value("'core/domain.c'::leaf")
	first, last = leaves.type.range()
	for i in range(first, last + 1):
		leaf = leaves[i]
		if not leaf:
			continue
		for slot in range(32768 // (last - first + 1)):
			if leaf[slot]:
				yield leaf[slot].dereference()


def domain(domid):
	"""The domain with a domid."""
	for d in domains():
		if int(d["id"]) == domid:
			return d
	raise gdb.GdbError(f"no domain {domid}")


class Domains(gdb.Command):
	"""pv-domains: every domain with its state and its memory"""

	def __init__(self):
		super().__init__("pv-domains", gdb.COMMAND_DATA)

	def invoke(self, argument, from_tty):
		print("domid  vcpus     pages       max  refs  pauses  state")
		for d in domains():
			state = ["control"] if d["privileged"] else []
			state += [DYING[int(d["dying"])]] if int(d["dying"]) else []
			state += [f"shut down ({int(d['shutdown_code'])})"] if d["shut_down"] else []
			print(f"{int(d['id']):5} {int(d['max_vcpus']):6} {int(d['tot_pages']):9} {int(d['max_pages']):9} "
				f"{int(d['refs']):5} {int(d['pause_count']):7}  {' '.join(state)}")


class Vcpus(gdb.Command):
	"""pv-vcpus [DOMID]: vcpus: flags, where they run, saved instruction pointer"""

	def __init__(self):
		super().__init__("pv-vcpus", gdb.COMMAND_DATA)

	def invoke(self, argument, from_tty):
		print("vcpu     cpu  runs  pauses  events  flags             rip at the last exit")
		for d in [domain(int(argument, 0))] if argument else domains():
			for i in range(int(d["max_vcpus"])):
				v = d["vcpu"][i]
				if not v:
					continue
				pending = int(v["info"]["evtchn_upcall_pending"]) if v["info"] else 0
				masked = int(v["info"]["evtchn_upcall_mask"]) if v["info"] else 0
				print(f"d{int(d['id'])}v{i:<5} {int(v['processor']):4}  {'yes' if v['running'] else 'no':4} "
					f"{int(v['pause_count']):7}  {'pend' if pending else '-':4}{'/m' if masked else '  '}  "
					f"{names(int(v['flags']), VCPU_BITS):16}  {int(v['regs']['rip']) & (1 << 64) - 1:#x}")


class Page(gdb.Command):
	"""pv-page MFN: a frame's owner, references and page type word in words"""

	def __init__(self):
		super().__init__("pv-page", gdb.COMMAND_DATA)

	def invoke(self, argument, from_tty):
		if not argument:
			raise gdb.GdbError("pv-page MFN")
		mfn = int(gdb.parse_and_eval(argument))
		page = gdb.Value(FRAMETABLE).cast(gdb.lookup_type("struct page").pointer())[mfn]
		word, ref, owner = int(page["type"]), int(page["ref"]), int(page["owner"])
		kind = word >> 60
		print(f"frame {mfn:#x}: owner {'nobody' if owner == 0xffff else 'd%d' % owner}, "
			f"{ref & 0xffffffff} references {names(ref, PAGE_BITS)}")
		print(f"  type word {word:#018x}: {TYPES[kind] if kind < len(TYPES) else kind}, {word & 0xffffffff} uses "
			f"{names(word, TYPE_BITS)}")


class Ports(gdb.Command):
	"""pv-ports DOMID: event channels that are in use"""

	def __init__(self):
		super().__init__("pv-ports", gdb.COMMAND_DATA)

	def invoke(self, argument, from_tty):
		if not argument:
			raise gdb.GdbError("pv-ports DOMID")
		d = domain(int(argument, 0))
		shared = d["shared"]
		for port in range(int(d["port_limit"])):
			page = d["ports"][port // EVTCHNS_PER_PAGE]
			if not page or int(page[port % EVTCHNS_PER_PAGE]["state"]) < 2:
				continue
			e = page[port % EVTCHNS_PER_PAGE]
			state = PORT_STATES[int(e["state"])]
			what = {"unbound": lambda e=e: f"for d{int(e['unbound']['remote_domid'])}",
				"interdomain": lambda e=e: f"d{int(e['inter']['remote']['id'])} port {int(e['inter']['remote_port'])}",
				"pirq": lambda e=e: f"irq {int(e['irq'])}", "virq": lambda e=e: f"virq {int(e['virq'])}",
				"ipi": lambda: ""}[state]()
			bits = [name for field, name in (("evtchn_pending", "pending"), ("evtchn_mask", "masked"))
				if int(shared[field][port // 64]) >> port % 64 & 1]
			print(f"{port:5}  {state:11} {what:16} vcpu {int(e['notify_vcpu'])}  {' '.join(bits)}")


for command in (Domains, Vcpus, Page, Ports):
	command()
