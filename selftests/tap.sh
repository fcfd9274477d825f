# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# TAP of the scripts in the emulated machine: sourced. $number counts the tests,
# $status is what to exit with.

number=0
status=0

# result TEXT COMMAND...: ok if the command succeeds.
result() {
	text=$1
	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number $text"
	else
		echo "not ok $number $text"
		# shellcheck disable=SC2034
		status=1
	fi
}
