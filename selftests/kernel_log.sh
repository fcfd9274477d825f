# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What of a kernel log is a complaint: sourced, in the emulated machine and outside.

splats='BUG:|WARNING:|Oops|general protection|KASAN|UBSAN|KCSAN|stall'
splats="$splats|possible recursive locking|blocked for more than|lockdep"
splats="$splats|unreferenced object|refcount_t|scheduling while atomic"
splats="$splats|Call Trace|unchecked MSR access|kernel BUG at|ODEBUG|corruption"
splats="$splats|kmemleak: .*(disabled|suspected)|DEBUG_LOCKS|locking correctness"

# A log without the call trace in the report of each OOM kill that a test announced
# in it: one announcement for one report, and one call trace in it, whose functions
# have names like what is looked for.  All else stays.
without_announced_ooms() {
	awk '
		/selftest: expects an OOM kill$/ { announced++ }
		/ invoked oom-killer: / && announced { announced--; report = 1 }
		/Killed process|oom_reaper: / { report = 0 }
		report && / Call Trace:$/ { report = 0; trace = 1; next }
		/ <\/TASK>$/ { trace = 0 }
		trace && /\]  (\? )?[a-zA-Z0-9_.]+\+0x[0-9a-f]+\/0x[0-9a-f]+$/ { next }
		{ print }'
}

# The complaints in the log on stdin.
complaints() {
	without_announced_ooms | grep -E "$splats"
}
