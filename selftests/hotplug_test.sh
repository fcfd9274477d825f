#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A CPU goes away and comes back, before the module is loaded and while it is;
# L2 runs in between, on that CPU, too.  Needs mode_test beside it.  TAP on stdout.

number=0
status=0
cpu=/sys/devices/system/cpu/cpu1/online

# result TEXT COMMAND...: ok if the command succeeds.
result() {
	text=$1
	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number $text"
	else
		echo "not ok $number $text"
		status=1
	fi
}

set_online() {
	echo "$1" >$cpu && [ "$(cat $cpu)" = "$1" ]
}

# l2_runs MASK: L2 runs in all modes, on these CPUs.
l2_runs() {
	taskset "$1" ./mode_test -t l2_computes_and_leaves_by_vmcall_port_and_hlt >/tmp/hotplug 2>&1
}

quiet() {
	! dmesg | tail -n +"$((lines + 1))" |
		grep -qE 'BUG:|WARNING:|Oops|general protection|Call Trace|nested_vmx: VMXON failed'
}

cycle() {
	result "CPU 1 goes away ($1)" set_online 0
	result "L2 runs on CPU 0 without it ($1)" l2_runs 1
	result "CPU 1 comes back ($1)" set_online 1
	result "L2 runs on CPU 1 ($1)" l2_runs 2
	result "L2 runs on CPU 0 ($1)" l2_runs 1
}

echo "TAP version 13"
if [ ! -e $cpu ]; then
	echo "1..1"
	echo "ok 1 cpu_hotplug # SKIP one CPU"
	exit 0
fi
lines=$(dmesg | wc -l)
result "CPU 1 goes away before the module comes" set_online 0
insmod nested_vmx.ko
result "L2 runs without it" l2_runs 1
result "CPU 1 comes back and gets VMX" set_online 1
result "L2 runs on it" l2_runs 2
cycle "first time"
cycle "second time"
result "CPU 1 goes away once more" set_online 0
result "the module unloads meanwhile" rmmod nested_vmx
result "CPU 1 comes back" set_online 1
result "the kernel has nothing to complain about" quiet
echo "1..$number"
exit $status
