#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# /t/run of the emulated machine: run each test program against the module.
#
# *_test programs run with the module loaded; *_test.sh scripts run without, they
# load it themselves. Environment: TEST_SECONDS, the longest a program may take,
# of the guest's time; TEST_OPTIONS, for each program, by commas; MODULE_ARGS, for
# insmod.

splats='BUG:|WARNING:|Oops|general protection|KASAN|UBSAN|KCSAN|stall'
splats="$splats|possible recursive locking|blocked for more than|lockdep"
splats="$splats|unreferenced object|refcount_t|scheduling while atomic"
splats="$splats|Call Trace|unchecked MSR access"

failed=0

lines_logged() {
	dmesg | wc -l
}

# Print what the kernel complained about since line $1 of its log.
complaints() {
	dmesg | tail -n +$(($1 + 1)) | grep -E "$splats"
}

run_one() {
	logged=$(lines_logged)
	echo "# BEGIN $1"
	# shellcheck disable=SC2046
	timeout -s KILL "${TEST_SECONDS:-300}" "./$1" $(echo "$TEST_OPTIONS" | tr , ' ') 2>&1
	status=$?
	complaint=$(complaints "$logged" | head -n 1)
	echo "# END $1 status $status${complaint:+ kernel log: $complaint}"
	[ $status -eq 0 ] && [ -z "$complaint" ] || failed=1
}

load() {
	# shellcheck disable=SC2086
	if ! insmod nested_vmx.ko $MODULE_ARGS; then
		echo "not ok insmod nested_vmx.ko"
		dmesg | tail -n 20
		exit 1
	fi
}

unload() {
	if ! rmmod nested_vmx; then
		echo "not ok rmmod nested_vmx"
		failed=1
	fi
}

# Programs first, in one life of the module.
run_all() {
	loaded=
	for program in *_test *_test.sh; do
		[ -x "$program" ] || continue
		case $program in
		*.sh)	[ -z "$loaded" ] || unload
			loaded= ;;
		*)	[ -n "$loaded" ] || load
			loaded=1 ;;
		esac
		run_one "$program"
	done
	[ -z "$loaded" ] || unload
}

run_all
exit $failed
