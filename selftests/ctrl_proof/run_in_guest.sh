#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# /t/run of the emulated machine: the test module refuses while another holds VMX;
# then the proof, twice in one boot, so that loading again is tested too.

failed=0
echo 1 >/proc/sys/kernel/panic_on_oops

# report OK NAME
report() {
	number=$((number + 1))
	[ "$1" -eq 0 ] || failed=1
	echo "$([ "$1" -eq 0 ] || echo "not ")ok $number $2"
}

echo "# BEGIN ctrl_proof_module"
echo "1..4"
number=0
insmod nested_vmx.ko && ! insmod ctrl_proof.ko 2>/dev/null
report $? it_does_not_load_while_nested_vmx_has_vmx
rmmod nested_vmx && insmod ctrl_proof.ko
report $? it_loads_in_the_emulator
! insmod nested_vmx.ko 2>/dev/null
report $? nested_vmx_does_not_load_while_it_has_vmx
rmmod ctrl_proof && insmod ctrl_proof.ko
report $? it_loads_again
echo "# END ctrl_proof_module status $failed"

echo "# BEGIN ctrl_proof_test"
./ctrl_proof_test 2>&1
status=$?
echo "# END ctrl_proof_test status $status"
[ $status -eq 0 ] || failed=1
rmmod ctrl_proof || failed=1
exit $failed
