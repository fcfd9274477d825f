#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Two hypervisors and one VMX: whoever comes second is refused in words and
# without harm; an open file keeps the module.  TAP on stdout.

# shellcheck source=selftests/tap.sh
. ./tap.sh

cpu=/sys/devices/system/cpu/cpu1/online

refused() {
	! "$@" 2>/tmp/refused
}

says() {
	grep -qi "$1" /tmp/refused
}

loaded() {
	grep -q "^$1 " /proc/modules
}

not_loaded() {
	! loaded "$1"
}

logged() {
	dmesg | tail -n 5 | grep -qi "$1"
}

quiet() {
	! dmesg | tail -n +"$((lines + 1))" |
		grep -qE 'BUG:|WARNING:|Oops|general protection|Call Trace'
}

kvm_first() {
	insmod kvm-intel.ko
	result "kvm_intel loads before us" loaded kvm_intel
	result "insmod is refused while kvm_intel is loaded" refused insmod nested_vmx.ko
	result "it says that VMX is busy" says busy
	result "the kernel log says who and what helps" logged "modprobe -r kvm_intel"
	result "we are not loaded then" not_loaded nested_vmx
	result "kvm_intel unloads" rmmod kvm_intel
}

we_first() {
	insmod nested_vmx.ko
	result "the module loads" loaded nested_vmx
	result "kvm_intel is refused while we hold VMX" refused insmod kvm-intel.ko
	result "it says that VMX is busy, too" says busy
	result "it is not loaded then" not_loaded kvm_intel
	result "we still are" loaded nested_vmx
	result "the device still opens" open_device
	rmmod nested_vmx
	result "the module unloads" not_loaded nested_vmx
	insmod kvm-intel.ko
	result "kvm_intel loads after us" loaded kvm_intel
	rmmod kvm_intel
}

open_device() {
	# shellcheck disable=SC2188
	(: <>/dev/nested_vmx)
}

# rmmod needs the file closed.
open_file() {
	insmod nested_vmx.ko
	exec 9<>/dev/nested_vmx
	result "rmmod is refused while a file is open" refused rmmod nested_vmx
	result "the module is still loaded" loaded nested_vmx
	exec 9>&-
	result "rmmod succeeds once it is closed" rmmod nested_vmx
	result "the device is gone" test ! -e /dev/nested_vmx
}

# A CPU goes and comes while one of the two has VMX: VMX comes back to its owner there.
cycle_cpu() {
	echo 0 >"$cpu" && echo 1 >"$cpu" && [ "$(cat "$cpu")" = 1 ]
}

l2_runs_on() {
	taskset "$1" ./roundtrip >/dev/null
}

kvm_first_with_hotplug() {
	insmod kvm-intel.ko
	result "a CPU goes and comes while kvm_intel is loaded" cycle_cpu
	result "insmod is refused after that, too" refused insmod nested_vmx.ko
	result "it says that VMX is busy after that, too" says busy
	echo 0 >"$cpu"
	result "insmod is refused while a CPU is away" refused insmod nested_vmx.ko
	echo 1 >"$cpu"
	result "kvm_intel unloads after that" rmmod kvm_intel
}

we_first_with_hotplug() {
	insmod nested_vmx.ko
	result "a CPU goes and comes while we are loaded" cycle_cpu
	result "kvm_intel is refused after that, too" refused insmod kvm-intel.ko
	echo 0 >"$cpu"
	result "kvm_intel is refused while a CPU is away" refused insmod kvm-intel.ko
	rmmod nested_vmx
	insmod kvm-intel.ko
	result "kvm_intel loads after us while a CPU is away" loaded kvm_intel
	result "the CPU comes back to kvm_intel" sh -c "echo 1 >$cpu"
	rmmod kvm_intel
	insmod nested_vmx.ko
	result "we load after it" loaded nested_vmx
	result "L2 runs on the CPU that came back" l2_runs_on 2
	rmmod nested_vmx
}

again_and_again() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		insmod nested_vmx.ko && open_device && rmmod nested_vmx || return 1
	done
	for _ in 1 2 3; do
		insmod nested_vmx.ko && ./roundtrip >/dev/null && rmmod nested_vmx || return 1
	done
}

node_is_private() {
	insmod nested_vmx.ko
	mode=$(stat -c '%a %u' /dev/nested_vmx)
	rmmod nested_vmx
	[ "$mode" = "600 0" ]
}

echo "TAP version 13"
lines=$(dmesg | wc -l)
insmod irqbypass.ko
insmod kvm.ko
kvm_first
we_first
open_file
if [ -e "$cpu" ]; then
	kvm_first_with_hotplug
	we_first_with_hotplug
fi
result "it loads and unloads ten times" again_and_again
result "the device node is for root only" node_is_private
result "the kernel has nothing to complain about" quiet
rmmod kvm irqbypass
echo "1..$number"
exit $status
