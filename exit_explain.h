/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the bits are that decide who gets a VM exit of L2.  Pure: the decision
 * is that of exit_policy_of_l1(), bitmaps are read through the caller.
 */
#ifndef NVMX_EXIT_EXPLAIN_H
#define NVMX_EXIT_EXPLAIN_H

#include <linux/types.h>

#include "exit_policy.h"

/**
 * struct exit_explanation - a decision, and the bits that it comes from
 * @decision: owner and rule
 * @count: how many elements of @decider are meant
 * @decider: the bits
 */
struct exit_explanation {
	struct exit_decision decision;
	u32 count;
	struct nvmx_decider decider[NVMX_DECIDERS];
};

/**
 * exit_explain() - who gets a VM exit of L2, and which bits say so
 * @view: L1's side
 * @exit: the exit
 * @out: to be filled
 *
 * Context: Any context that @view->read_byte allows.
 */
void exit_explain(const struct exit_l1_view *view, const struct exit_info *exit,
		  struct exit_explanation *out);

#endif /* NVMX_EXIT_EXPLAIN_H */
