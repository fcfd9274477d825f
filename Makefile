# SPDX-License-Identifier: GPL-2.0-only

KDIR ?= /lib/modules/$(shell uname -r)/build

.PHONY: modules clean demo check check-debug check-all bench lib unit coverage fuzz selftests build-all style doc help

modules:	## build nested_vmx.ko (KDIR=DIR: for the kernel with headers in DIR)
	@test -e $(KDIR)/Makefile || { echo "nested_vmx: no kernel headers in $(KDIR): install linux-headers-$$(uname -r) or say make KDIR=DIR"; exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

clean:		## remove what was built
	rm -rf build selftests/unit/build selftests/fuzz/build
	! test -e $(KDIR)/Makefile || $(MAKE) -C $(KDIR) M=$(CURDIR) clean

demo:		## run L2 and watch it, here or in an emulated machine
	tools/demo

check:		## all tests
	tools/check

check-debug:	## in a kernel that watches memory and locking, and faults on demand
	tools/check-debug

check-all:	## everything, on every kernel, without a limit of time
	tools/check-all

bench:		## costs beside KVM's, in an emulated machine
	tools/bench

lib:		## build/lib/libnvmx.a: the rules, and reproducers of failing VMCSs
	$(MAKE) -s -C lib

unit:		## tables, store and checks in user space
	$(MAKE) -C selftests/unit check

fuzz:		## coverage-guided fuzzers of the same, SECONDS=10 for each
	tools/deps unit fuzz
	$(MAKE) -C selftests/fuzz fuzz

coverage:	## rules of VM entry that the unit tests reach
	tools/coverage

selftests:	## the module under test in an emulated machine with VMX
	tools/selftests

build-all:	## build for all six Debian 12 kernels; any warning fails
	tools/build-all

style:		## checkpatch, shellcheck, length of functions
	tools/style

doc:		## check the comments and write build/doc/html
	tools/doc

help:		## this list
	@sed -n 's/^\([a-z-]*\):\t*## /  make \1\t/p' $(MAKEFILE_LIST)
