# SPDX-License-Identifier: GPL-2.0-or-later
"""GRUB for PV guests (Debian's grub-xen-host) as a guest's kernel: it reads its menu and Linux from the guest's disk with drivers of
its own, closes the devices, and Linux connects to them anew. By our back ends and by the stock kernel's."""
GRUB = "/opt/extra/usr/lib/grub-xen/grub-x86_64-xen.bin"
# The guest's disk, with the kernel on it as Debian's installer would have it; the word is to be seen in the booted guest.
DISK = """cp --sparse=always /guests/debian.img /guests/grub.img && mount -o loop /guests/grub.img /mnt && mkdir -p /mnt/boot/grub &&
cp /guests/vmlinuz /guests/initrd.gz /mnt/boot/ && cat >/mnt/boot/grub/grub.cfg <<'END'
set timeout=0
menuentry linux {
	search --set=root --file /boot/vmlinuz
	linux /boot/vmlinuz root=/dev/xvda rw init=/usr/local/lib/paravane/init console=hvc0 net.ifnames=0 quiet by.grub
	initrd /boot/initrd.gz
}
END
umount /mnt"""
CONFIG = """cat >/etc/xen/guest1.cfg <<'END'
name = "guest1"
type = "pv"
kernel = "{grub}"
memory = 256
vcpus = 2
disk = [ "{disk}" ]
vif = [ "mac=00:16:3e:00:00:0b,bridge=xenbr0{vif}" ]
END"""


WAIT = "/usr/local/lib/paravane/in-guest 1 --wait 240"


class Pvgrub:
	BOOT = {"cpus": 2, "network": None, "dom0_mem": 640}
	EXTRAS = (["grub-xen-host"], [])
	BACKEND = None

	def test_boot(self, host):
		"""Up to a guest that answers."""
		ours = host.vane == "vane"
		host.ok(DISK, 120)
		disk = f"/guests/grub.img,raw,xvda,w,backendtype={self.BACKEND}" if ours else "phy:" + host.ok("losetup --show -f /guests/grub.img") + ",xvda,w"
		host.ok(CONFIG.format(grub=GRUB, disk=disk, vif=f",backendtype={self.BACKEND}" if ours else ""))
		host.ok(f"{host.vane} create -q /etc/xen/guest1.cfg")
		host.ok(WAIT, 250)
		assert "by.grub" in host.guest(1, "cat /proc/cmdline").split()
		assert host.guest(1, "nproc; head -c 4M /dev/urandom >/root/r; sync; dmesg | grep -c 'I/O error'; true") == "2\n0"

	def test_reboot(self, host):
		"""By the same way, with what was written."""
		before = host.ok(f"{host.vane} domid guest1")
		host.guest(1, "(sleep 1; reboot -f) >/dev/null 2>&1 &")
		host.ok(f"for i in $(seq 100); do [ $({host.vane} domid guest1 || echo {before}) != {before} ] && break; sleep 0.2; done")
		host.ok(WAIT, 250)
		assert host.guest(1, "stat -c %s /root/r") == str(4 << 20)


class TestPvgrub(Pvgrub):
	BACKEND = "user"


class TestPvgrubStock(Pvgrub):
	SOAK = True
	BACKEND = "phy"
