#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What the module does against speculation follows what the kernel has decided: with
# mitigations=off nothing, and it costs nothing; else what this processor
# needs, and that costs.  TAP on stdout.

# shellcheck source=selftests/tap.sh
. ./tap.sh

list=/sys/module/nested_vmx/parameters/mitigations
flaws=/sys/devices/system/cpu/vulnerabilities

is_off() {
	sed 's/.* mitigations=//; s/ .*//' /proc/cmdline | grep -qx off
}

# says FLAW PATTERN: the kernel says of FLAW that it does PATTERN.
says() {
	grep -q "$2" "$flaws/$1"
}

does() {
	grep -qx "$1" $list
}

# The module does $1 if, and only if, the kernel says $3 of the flaw $2.
follows() {
	if says "$2" "$3"; then
		does "$1"
	else
		! does "$1"
	fi
}

cheaper_than() {
	[ "$ticks" -lt "$1" ]
}

dearer_than() {
	[ "$ticks" -gt "$1" ]
}

# The flush by reading reads 1024 lines.
flush_ticks=3000

# KCSAN's delays cost more than that.
costs_tell() {
	! uname -r | grep -q kcsan
}

when_off() {
	result "with mitigations=off nothing is done" test -z "$(cat $list)"
	! costs_tell || result "and an entry costs little" cheaper_than $flush_ticks
}

l1d() {
	result "the L1D is flushed where L1TF asks for it" \
		follows "entry: L1D flushed by reading" l1tf "PTE Inversion"
	costs_tell || return 0
	if does "entry: L1D flushed by reading"; then
		result "which an entry shows" dearer_than $flush_ticks
	else
		result "which an entry would show" cheaper_than $flush_ticks
	fi
}

when_on() {
	result "something is done" test -n "$(cat $list)"
	result "buffers are cleared as the kernel clears them" \
		follows "entry: buffers cleared" mds "Clear CPU [bB]uffers"
	l1d
	result "the return-stack buffer is filled where the kernel does" \
		follows "exit: return-stack fill" spectre_v2 "RSB filling"
	result "or one entry of it" \
		follows "exit: return-stack fill, one entry" spectre_v2 "PBRSB-eIBRS: SW sequence"
	result "the branch history is cleared as the kernel does for KVM" \
		follows "exit: branch history cleared" spectre_v2 "KVM: SW loop"
	result "IBPB before another L2 where the kernel has it" \
		follows "other L2: IBPB" spectre_v2 "IBPB: [ac]"
}

quiet() {
	! dmesg | tail -n +"$((lines + 1))" |
		grep -qE 'BUG:|WARNING:|Oops|general protection|Call Trace'
}

echo "TAP version 13"
lines=$(dmesg | wc -l)
insmod nested_vmx.ko
sed 's/^/# /' $list
grep -r . $flaws | sed "s,^$flaws/,# ,"
dmesg | tail -n +"$((lines + 1))" | grep nested_vmx: | sed 's/^/# /'
ticks=$(./roundtrip)
echo "# an entry and its exit: $ticks ticks"
if is_off; then
	when_off
else
	when_on
fi
rmmod nested_vmx
result "the kernel has nothing to complain about" quiet
echo "1..$number"
exit $status
