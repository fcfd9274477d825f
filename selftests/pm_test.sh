#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The machine goes to sleep and wakes, in every way that it can simulate, with L2
# busy on all CPUs.  The trace must show on each CPU: VMXOFF after user space was
# told and before anything sleeps, VMXON when all is awake; L2 must not notice.
# TAP on stdout.

# shellcheck source=selftests/tap.sh
. ./tap.sh

power=/sys/power
tracing=/sys/kernel/tracing
cpus=$(nproc)

start_busy() {
	for cpu in $(seq 0 $((cpus - 1))); do
		./busy "$cpu" "/tmp/busy.$cpu" &
		echo $! >"/tmp/busy.$cpu.pid"
	done
}

# Each L2 reports again, now.
busy_goes_on() {
	for cpu in $(seq 0 $((cpus - 1))); do
		before=$(cat "/tmp/busy.$cpu" 2>/dev/null)
		tries=0
		while [ "$(cat "/tmp/busy.$cpu" 2>/dev/null)" = "$before" ]; do
			tries=$((tries + 1))
			[ "$tries" -lt 200 ] || return 1
			sleep 0.01
		done
	done
}

# Each ends with status 0: it saw nothing wrong.
busy_ends_well() {
	for cpu in $(seq 0 $((cpus - 1))); do
		pid=$(cat "/tmp/busy.$cpu.pid")
		kill -TERM "$pid" && wait "$pid" || return 1
	done
}

trace_on() {
	echo 0 >$tracing/tracing_on
	: >$tracing/trace
	echo 1 >$tracing/events/nested_vmx/nested_vmx_cpu/enable
	echo 1 >$tracing/events/power/suspend_resume/enable
	echo 1 >$tracing/tracing_on
}

trace_off() {
	echo 0 >$tracing/tracing_on
	echo 0 >$tracing/events/power/suspend_resume/enable
	grep -v '^#' $tracing/trace >/tmp/trace
}

# Lines of the trace about event $1 on CPU $2, before ($3 = 1) the freezing of user
# space or after ($3 = 2).
events() {
	awk -v event="$1" -v cpu="[$(printf %03d "$2")]" -v half="$3" '
		/freeze_processes|dpm_prepare/ { frozen = 1 }
		index($0, cpu) && $0 ~ event && half == 1 + frozen { n++ }
		END { print n + 0 }' /tmp/trace
}

# On each CPU one VMXOFF that clears a VMCS and CR4.VMXE, then, and only when all
# is over, one VMXON.
vmx_went_and_came() {
	for cpu in $(seq 0 $((cpus - 1))); do
		[ "$(events 'VMXOFF cleared=[1-9][0-9]* CR4.VMXE=0' "$cpu" 1)" -eq 1 ] &&
			[ "$(events VMXOFF "$cpu" 2)" -eq 0 ] &&
			[ "$(events VMXON "$cpu" 1)" -eq 0 ] &&
			[ "$(events 'VMXON cleared=0 CR4.VMXE=1' "$cpu" 2)" -eq 1 ] ||
			return 1
	done
	# Nothing but VMXON after the thawing.
	sed -n '/thaw_processes.*end/,$p' /tmp/trace | grep -c VMXON >/tmp/late
	[ "$(cat /tmp/late)" -eq "$cpus" ]
}

sleep_and_wake() {
	echo "$1" >"$power/state"
}

# sleep STATE [LEVEL]: once, as far down as LEVEL of pm_test.
cycle() {
	what="$1${2:+, $2}"
	[ -z "$2" ] || echo "$2" >$power/pm_test
	trace_on
	result "$what: the machine sleeps and wakes" sleep_and_wake "$1"
	trace_off
	result "$what: VMX goes before and comes back after" vmx_went_and_came
	[ $status -eq 0 ] || sed 's/^/# /' /tmp/trace
	result "$what: L2 goes on everywhere" busy_goes_on
}

can() {
	grep -qw "$1" $power/state
}

# As deep as each can go, which includes all that is not so deep.
cycles() {
	for way in "freeze platform" "mem core" "disk core"; do
		# shellcheck disable=SC2086
		! can "${way% *}" || cycle $way
	done
	echo none >$power/pm_test
}

# A command that never ends: no sleep then, but no wait for ever either.
stuck_command() {
	./stuck &
	stuck=$!
	sleep 0.05
	echo freezer >$power/pm_test
	result "no sleep while a command does not end" refused_to_sleep
	result "the kernel log says why" logged "a command does not end"
	result "L2 goes on all the same" busy_goes_on
	kill -KILL $stuck
	wait $stuck
	result "once it is gone the machine sleeps" sleep_and_wake freeze
	echo none >$power/pm_test
}

refused_to_sleep() {
	! sleep_and_wake freeze 2>/dev/null
}

logged() {
	dmesg | tail -n +"$((lines + 1))" | grep -q "nested_vmx: $1"
}

quiet() {
	! dmesg | tail -n +"$((lines + 1))" |
		grep -qE 'BUG:|WARNING:|Oops|general protection|Call Trace|nested_vmx: VMX'
}

echo "TAP version 13"
if [ ! -e $power/pm_test ]; then
	echo "1..1"
	echo "ok 1 suspend # SKIP this kernel has no CONFIG_PM_DEBUG"
	exit 0
fi
lines=$(dmesg | wc -l)
# What is tested takes no time of its own.
echo 0 >/sys/module/suspend/parameters/pm_test_delay
insmod nested_vmx.ko
start_busy
result "L2 is busy on all CPUs" busy_goes_on
cycles
stuck_command
result "no L2 saw anything wrong" busy_ends_well
result "the module unloads" rmmod nested_vmx
result "the kernel has nothing to complain about" quiet
echo "1..$number"
exit $status
