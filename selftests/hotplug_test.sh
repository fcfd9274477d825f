#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A CPU goes away and comes back, before the module is loaded, while it is, and
# while L2 runs on that CPU.  TAP on stdout.

# shellcheck source=selftests/tap.sh
. ./tap.sh

cpu=/sys/devices/system/cpu/cpu1/online

set_online() {
	echo "$1" >"$cpu" && [ "$(cat "$cpu")" = "$1" ]
}

# l2_runs MASK: L2 runs on these CPUs.
l2_runs() {
	taskset "$1" ./roundtrip >/tmp/hotplug 2>&1
}

trace() {
	echo "$1" >/sys/kernel/tracing/events/nested_vmx/nested_vmx_cpu/enable
	echo "$1" >/sys/kernel/tracing/tracing_on
}

# The trace has $1 on CPU 1.
traced() {
	grep -qE "\[001\].* $1" /sys/kernel/tracing/trace
}

# L2 reports again, now.
busy_goes_on() {
	before=$(cat "/tmp/busy.$1" 2>/dev/null)
	tries=0
	while [ "$(cat "/tmp/busy.$1" 2>/dev/null)" = "$before" ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 200 ] || return 1
		sleep 0.01
	done
}

all_busy() {
	busy_goes_on 0 && busy_goes_on 1
}

# It saw nothing wrong.
busy_ends_well() {
	kill -TERM "$1" && wait "$1"
}

back_to_cpu_1() {
	taskset -p 2 "$busy_1" >/tmp/hotplug && busy_goes_on 1
}

# CPU 1 goes away under an L2 that runs on it, and comes back.  The scheduler moves L2
# before VMX goes there, and so does its VMCS.
pull() {
	: >/sys/kernel/tracing/trace
	result "CPU 1 goes away while L2 runs on it ($1)" set_online 0
	result "VMX is off there, CR4.VMXE 0 ($1)" traced "VMXOFF cleared=[01] CR4.VMXE=0"
	result "both L2s go on ($1)" all_busy
	result "CPU 1 comes back under it ($1)" set_online 1
	result "it gets VMX ($1)" traced "VMXON cleared=0 CR4.VMXE=1"
	result "L2 moves back to it ($1)" back_to_cpu_1
}

# A process that is stopped has its VMCS active where it ran last.
pull_stopped() {
	kill -STOP "$busy_1"
	: >/sys/kernel/tracing/trace
	result "CPU 1 goes away with a VMCS active there" set_online 0
	result "that is cleared, VMX off, CR4.VMXE 0" traced "VMXOFF cleared=1 CR4.VMXE=0"
	kill -CONT "$busy_1"
	result "L2 goes on elsewhere" all_busy
	result "CPU 1 comes back" set_online 1
	result "L2 moves back to CPU 1" back_to_cpu_1
}

pull_while_busy() {
	./busy 0 /tmp/busy.0 &
	busy_0=$!
	./busy 1 /tmp/busy.1 &
	busy_1=$!
	result "L2 is busy on both CPUs" all_busy
	trace 1
	for round in 1 2 3; do
		pull $round
	done
	pull_stopped
	trace 0
	result "neither L2 saw anything wrong" busy_ends_well "$busy_0"
	result "nor the one that was moved" busy_ends_well "$busy_1"
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
pull_while_busy
result "CPU 1 goes away once more" set_online 0
result "the module unloads meanwhile" rmmod nested_vmx
result "CPU 1 comes back" set_online 1
result "the kernel has nothing to complain about" quiet
echo "1..$number"
exit $status
