/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands of the device, by the group of their number.  nested_vmx.c has
 * their table; only it and the cmd_*.c files know user memory.
 */
#ifndef NVMX_COMMANDS_H
#define NVMX_COMMANDS_H

struct nvmx_vcpu;

/**
 * typedef nvmx_command - carry out a command
 * @vcpu: the vCPU
 * @arg: kernel copy of the struct of the command, of its full size: what the
 *	caller's is short of is 0; answers go there; its @size is never used
 *
 * Flags and nesting level are checked already.
 *
 * Context: Process context, nvmx_vcpu.lock is held.
 * Return: 0 or the -errno that the ABI has for the command.
 */
typedef int nvmx_command(struct nvmx_vcpu *vcpu, void *arg);

/* cmd_machine.c */
nvmx_command cmd_get_info;
nvmx_command cmd_enable;
nvmx_command cmd_mem_map;
nvmx_command cmd_mem_unmap;
nvmx_command cmd_get_cpuid;
nvmx_command cmd_set_cpuid;

/* cmd_insn.c */
nvmx_command cmd_vmxon;
nvmx_command cmd_vmxoff;
nvmx_command cmd_vmclear;
nvmx_command cmd_vmptrld;
nvmx_command cmd_vmptrst;
nvmx_command cmd_vmread;
nvmx_command cmd_vmwrite;
nvmx_command cmd_vmread_array;
nvmx_command cmd_vmwrite_array;
nvmx_command cmd_invept;
nvmx_command cmd_invvpid;
nvmx_command cmd_vmcall;

/* cmd_state.c */
nvmx_command cmd_get_state;
nvmx_command cmd_get_l1;
nvmx_command cmd_set_l1;
nvmx_command cmd_get_l2;
nvmx_command cmd_set_l2;
nvmx_command cmd_get_policy;
nvmx_command cmd_set_policy;
nvmx_command cmd_walk;
nvmx_command cmd_peek;
nvmx_command cmd_get_snapshot;
nvmx_command cmd_set_snapshot;
nvmx_command cmd_get_stats;

/* cmd_explain.c */
nvmx_command cmd_check;
nvmx_command cmd_explain;
nvmx_command cmd_probe;

#endif /* NVMX_COMMANDS_H */
