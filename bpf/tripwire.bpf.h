/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Behind dsn_withhold: a read with a serial in it that got to the device all the same, by a
 * way that nobody knew of, ends its reader. No protection rests on it, as it may be skipped.
 * But its link holds the module, so that the address by which vfio's files are known stays.
 */
#ifndef DSN_TRIPWIRE_BPF_H
#define DSN_TRIPWIRE_BPF_H

#include "answer.bpf.h"
#include <bpf/bpf_tracing.h>

/* As vfio has it at its end, see rewrite(). */
static __always_inline bool is_permitted(struct vfio_pci_core_device *vdev, __u64 count,
					 __u64 pos)
{
	struct pci_dev *pdev = BPF_CORE_READ(vdev, pdev);
	struct chain chain = { .size = BPF_CORE_READ(pdev, cfg_size) };
	struct dsn_rule rule;

	if (!reaches(vdev, &chain, pos, count))
		return true;
	if (whole_reads_pass && !chain.pos && chain.len == chain.size)
		return true;
	rule = rule_of(pdev, key_of(pdev));
	return rule.policy == DSN_PASS;
}

SEC("fexit/vfio_pci_config_rw")
int BPF_PROG(dsn_tripwire, struct vfio_pci_core_device *vdev, __u64 buf, __u64 count,
	     __u64 ppos, __u64 iswrite, __s64 ret)
{
	__u64 pos;

	if (is_write(iswrite) || !ret || (ret < 0 && ret != -EFAULT))
		return 0;
	if (!bpf_probe_read_kernel(&pos, sizeof(pos), (void *)ppos) &&
	    is_permitted(vdev, ret > 0 ? ret : count, ret > 0 ? pos - ret : pos))
		return 0;
	kill_reader((__u64)vdev, NULL, DSN_REASON_MISSED);
	return 0;
}

#endif
