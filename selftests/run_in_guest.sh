#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# /t/run of the emulated machine: run each test program against the module.
#
# *_test programs run with the module loaded; *_test.sh scripts run without, they
# load it themselves. Environment: TEST_SECONDS, the longest a program may take,
# of the guest's time; TEST_OPTIONS, for each program, by commas; MODULE_ARGS, for
# insmod.

# shellcheck source=selftests/kernel_log.sh
. ./kernel_log.sh

failed=0

lines_logged() {
	dmesg | wc -l
}

log_since() {
	dmesg | tail -n +$(($1 + 1))
}

run_one() {
	logged=$(lines_logged)
	echo "# BEGIN $1"
	# shellcheck disable=SC2046
	timeout -s KILL "${TEST_SECONDS:-300}" "./$1" $(echo "$TEST_OPTIONS" | tr , ' ') 2>&1
	status=$?
	complaint=$(log_since "$logged" | complaints | head -n 1)
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
		*)	# One that failed may have left it away.
			[ -e /sys/module/nested_vmx ] || load
			loaded=1 ;;
		esac
		run_one "$program"
	done
	[ -z "$loaded" ] || unload
}

# ---- what is left behind, once the module is gone ---------------------------

kmemleak=/sys/kernel/debug/kmemleak
page_stacks=/sys/kernel/debug/page_owner_stacks

# Nothing that the boot left is ours.
forget_leaks() {
	[ ! -e "$kmemleak" ] || echo clear >"$kmemleak"
}

vmstat() {
	sed -n "s/^$1 //p" /proc/vmstat
}

pinned_pages() {
	# Counts of each CPU into the sums.
	cat /proc/sys/vm/stat_refresh
	held=$(($(vmstat nr_foll_pin_acquired) - $(vmstat nr_foll_pin_released)))
	[ "$held" -eq 0 ] || echo "$held pages are still pinned"
}

# What is younger than five seconds is not reported, nor what has changed since
# the last scan.  It disables itself for good when it runs out of memory.
unreferenced_objects() {
	sleep 6
	{ echo scan >"$kmemleak" && echo scan >"$kmemleak"; } || echo "kmemleak is disabled"
	head -n 60 "$kmemleak"
}

# Who allocated a page that is still in use.  Only the code of a module that is
# not there any more is an address without a name.  Pages that the kernel took
# for something of its own on the way down from there are not meant, as slabs.
orphaned_pages() {
	awk '
		/^ *0xffffffff/ && !named { ours = 1 }
		!/^ *(0x|post_alloc_hook|get_page_from|[_a-z]*alloc_pages|[_a-z]*get_free_page)/ &&
			!/^ *(get_zeroed_page|[_a-z]*folio_alloc|make_alloc_exact|nr_base)/ { named = 1 }
		/^$/ { if (ours) print stack; ours = named = 0; stack = ""; next }
		{ stack = stack "\n" $0 }' "$page_stacks/show_stacks"
}

# Report what $2 finds as test number $1.
leak_test() {
	found=$($2 2>&1)
	if [ -z "$found" ]; then
		echo "ok $1 $2"
	else
		echo "$found" | sed 's/^/# /'
		echo "not ok $1 $2"
		leaky=1
	fi
}

leaks() {
	leaky=0
	echo "# BEGIN leaks"
	echo 1..3
	leak_test 1 pinned_pages
	if [ -e "$kmemleak" ]; then
		leak_test 2 unreferenced_objects
	else
		echo "ok 2 unreferenced_objects # SKIP no kmemleak"
	fi
	if [ -e "$page_stacks" ]; then
		leak_test 3 orphaned_pages
	else
		echo "ok 3 orphaned_pages # SKIP no page_owner"
	fi
	echo "# END leaks status $leaky"
	[ $leaky -eq 0 ] || failed=1
}

forget_leaks
run_all
leaks
exit $failed
