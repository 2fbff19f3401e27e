/* SPDX-License-Identifier: GPL-2.0 */
/* What is done to one config read: find the serials in it, write policy over them. */
#ifndef DSN_REWRITE_BPF_H
#define DSN_REWRITE_BPF_H

#include "vmlinux.h"
#include "dsn_contract.h"
#include "dsn_window.h"
#include "maps.bpf.h"
#include "policy.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <linux/errno.h>

#define SIGKILL 9
#define VM_WRITE 0x2

/* VFIO_PCI_OFFSET_MASK: the region index is above it. */
#define DSN_OFFSET_MASK ((1ULL << 40) - 1)

/* One config read. */
struct config_read {
	__u64 buf;     /* user address of its first byte */
	__u64 vconfig; /* vfio's copy of config space; its chain is what the guest sees */
	__u32 size;    /* of config space */
	__u32 pos;
	__u32 len;
	__u32 cap;    /* the capability that the walk stands at */
	__u64 serial; /* what the guest is to see */
	bool rewrite; /* false while the walk only looks whether the read has a DSN */
	bool found;
	bool lost;    /* some of it could not be made safe */
	bool again;   /* counted before */
	bool halfway; /* vfio failed in the middle, copied bytes are in the buffer */
};

#define COUNT(field)                                                                     \
	({                                                                               \
		__u32 zero_ = 0;                                                         \
		struct dsn_totals *totals_ = bpf_map_lookup_elem(&totals, &zero_);       \
                                                                                         \
		totals_ ? __sync_fetch_and_add(&totals_->field, 1) : 0;                  \
	})

/*
 * Ends the reader before it returns to user mode. Where preemption is off the kernel
 * sends the signal from an interrupt that it raises on this CPU, and says EBUSY while the
 * one before has not come; where it refuses, for init (pid 1), that is counted.
 */
static __noinline int kill_reader(struct pci_dev *pdev, enum dsn_reason reason)
{
	struct dsn_kill *kill;
	long err = -EBUSY;
	__u32 slot, tries;

	for (tries = 0; err == -EBUSY && tries < 16; tries++)
		err = bpf_send_signal(SIGKILL);
	if (err)
		COUNT(unkillable);
	if (reason == DSN_REASON_WRITE)
		COUNT(failed_writes);
	slot = COUNT(kills) % DSN_KILLS;
	kill = bpf_map_lookup_elem(&kills, &slot);
	if (!kill)
		return 0;
	kill->ns = bpf_ktime_get_boot_ns();
	kill->key = key_of(pdev);
	kill->pid = bpf_get_current_pid_tgid() >> 32;
	kill->reason = reason;
	bpf_get_current_comm(kill->command, sizeof(kill->command));
	return 0;
}

static __always_inline long write_user(__u64 to, const void *from, __u32 len)
{
	/* the form in which the 6.1 verifier sees that this is 1 to 8 */
	asm volatile("%0 += -1; %0 &= 7; %0 += 1" : "+r"(len));
	return bpf_probe_write_user((void *)to, from, len);
}

static long vma_writable(struct task_struct *task, struct vm_area_struct *vma, void *data)
{
	bool *writable = data;

	*writable = BPF_CORE_READ(vma, vm_flags) & VM_WRITE;
	return 0;
}

/*
 * A read that failed half-way may have failed at the very bytes that cannot be written
 * now, and then nothing of the serial is there. That is certain only where nobody else
 * can have changed the mapping since: the address space has one user, and the page is
 * not writable for it.
 */
static __always_inline bool never_copied(__u64 address)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct vm_area_struct *vma = NULL; /* only to name the field */
	bool writable = false;
	long err;

	if (BPF_CORE_READ(task, mm, mm_users.counter) != 1)
		return false;
	if (!bpf_core_field_exists(vma->vm_flags))
		return false;
	err = bpf_find_vma(task, address, vma_writable, &writable, 0);
	return err == -ENOENT /* nothing is mapped there */ || (!err && !writable);
}

/* Bytes one at a time, up to the first that cannot be written. */
static __always_inline bool write_bytes(struct config_read *read, __u64 to,
					const __u8 *bytes, __u32 len)
{
	__u32 i;

	for (i = 0; i < DSN_BODY_LEN && i < len; i++)
		if (bpf_probe_write_user((void *)(to + i), &bytes[i], 1))
			return read->halfway && never_copied(to + i);
	return true;
}

/* One hop of the walk along the chain; 1 ends it. */
static long walk(__u32 hop, void *data)
{
	struct config_read *read = data;
	struct dsn_part part;
	__u8 bytes[8];
	__u32 header;

	if (bpf_probe_read_kernel(&header, sizeof(header),
				  (void *)(read->vconfig + read->cap))) {
		read->found = true;
		read->lost = true;
		return 1;
	}
	/* vfio keeps the copy little-endian, as BPF is on x86-64 and arm64 */
	if (dsn_cap_id(header) == DSN_CAP_ID) {
		part = dsn_part_of(read->pos, read->len, read->cap, read->size,
				   read->serial);
		if (part.len) {
			read->found = true;
			if (!read->rewrite)
				return 1;
			dsn_store(bytes, part.bytes);
			if (write_user(read->buf + part.at, bytes, part.len) &&
			    !write_bytes(read, read->buf + part.at, bytes, part.len))
				read->lost = true;
		}
	}
	read->cap = dsn_cap_next(header);
	/* a header in the last bytes is in range: sizes are multiples of 4 */
	return !read->cap || read->cap + 4 > read->size;
}

static __always_inline void count_device(struct dsn_key *key, bool rewritten)
{
	static const struct dsn_device none;
	struct dsn_device *device;

	device = bpf_map_lookup_elem(&devices, key);
	if (!device) {
		bpf_map_update_elem(&devices, key, &none, BPF_NOEXIST);
		device = bpf_map_lookup_elem(&devices, key);
	}
	if (!device) {
		COUNT(uncounted);
		return;
	}
	__sync_fetch_and_add(rewritten ? &device->reads : &device->passed, 1);
	device->last_ns = bpf_ktime_get_boot_ns();
	device->last_pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(device->last_command, sizeof(device->last_command));
}

/*
 * Makes the `len` bytes at `buf`, which vfio has read or was to read from `pos` in config
 * space, show what policy allows, or kills the reader. Returns whether they reach a DSN.
 */
static __noinline int rewrite_range(struct vfio_pci_core_device *vdev,
				    struct config_read *read)
{
	struct pci_dev *pdev = BPF_CORE_READ(vdev, pdev);
	struct dsn_rule rule;
	struct dsn_key key;

	if (!read)
		return 0;
	read->size = BPF_CORE_READ(pdev, cfg_size);
	/* vfio_config_do_rw() refuses such a read before it copies a byte */
	if (read->len > read->size || read->pos + read->len > read->size)
		return 0;
	if (read->size <= DSN_CFG_EXT)
		return 0;
	read->vconfig = (__u64)BPF_CORE_READ(vdev, vconfig);
	read->cap = DSN_CFG_EXT;
	bpf_loop(DSN_CHAIN_MAX, walk, read, 0);
	if (!read->found)
		return 0;
	if (!read->again)
		COUNT(touched);
	if (read->lost) {
		kill_reader(pdev, DSN_REASON_PLACE);
		return 1;
	}
	key = key_of(pdev);
	rule = rule_of(pdev, key);
	if (!read->again)
		count_device(&key, rule.policy != DSN_PASS);
	if (rule.policy == DSN_PASS)
		return 1;
	if (rule.policy == DSN_SERIAL)
		read->serial = rule.serial;
	read->rewrite = true;
	bpf_loop(DSN_CHAIN_MAX, walk, read, 0);
	if (read->lost)
		kill_reader(pdev, DSN_REASON_WRITE);
	return 1;
}

/* The part of rewrite_range() that most reads need: none. `pos` is an offset in the fd. */
static __always_inline int rewrite_at(struct vfio_pci_core_device *vdev, __u64 buf,
				      __u64 count, __u64 pos, bool halfway, bool again)
{
	struct config_read read = { .buf = buf, .halfway = halfway, .again = again };

	pos &= DSN_OFFSET_MASK;
	if (count > DSN_CFG_END || pos > DSN_CFG_END || pos + count <= DSN_CFG_EXT)
		return 0;
	read.pos = pos;
	read.len = count;
	return rewrite_range(vdev, &read);
}

/*
 * vfio_pci_config_rw() has read `count` bytes at *ppos into the user's `buf` and is
 * about to return `ret`: bytes read, *ppos being advanced by them, or -errno, *ppos
 * being as it was and any number of bytes copied.
 */
static __always_inline int rewrite(struct vfio_pci_core_device *vdev, __u64 buf,
				   __u64 count, __u64 ppos, __s64 ret)
{
	__u64 pos;

	if (!ret)
		return 0;
	if (bpf_probe_read_kernel(&pos, sizeof(pos), (void *)ppos)) {
		kill_reader(BPF_CORE_READ(vdev, pdev), DSN_REASON_PLACE);
		return 0;
	}
	if (ret > 0) {
		pos -= ret;
		count = ret;
	}
	rewrite_at(vdev, buf, count, pos, ret == -EFAULT, false);
	return 0;
}

#endif
