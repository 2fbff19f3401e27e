// SPDX-License-Identifier: GPL-2.0
/* Who has a vfio-pci device open, where no hook is loaded. */
#include "open.bpf.h"

char _license[] SEC("license") = "GPL";
