// SPDX-License-Identifier: GPL-2.0
/* The set of rules in force: a map, replaced as a whole. */
#include "kernel/rulemap.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <string.h>
#include "kernel/loaded.h"
#include "kernel/pins.h"
#include "model/claim.h"
#include "model/rule.h"
#include "lib/util.h"

static int compare(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;

	return key_compare(&x->key, &y->key);
}

/* Sorts keys and rules, which are arrays of their own as the kernel takes them. */
static int sort(struct ruleset *set)
{
	_cleanup_(free_ptr) struct rule *pairs = calloc(set->count + 1, sizeof(*pairs));
	size_t i;

	if (!pairs)
		return -ENOMEM;
	for (i = 0; i < set->count; i++)
		pairs[i] = (struct rule){ .key = set->keys[i], .value = set->rules[i] };
	qsort(pairs, set->count, sizeof(*pairs), compare);
	for (i = 0; i < set->count; i++) {
		set->keys[i] = pairs[i].key;
		set->rules[i] = pairs[i].value;
	}
	return 0;
}

int rulemap_read(int rulesets, struct ruleset *set)
{
	_cleanup_(close_fd) int rules = -1;
	struct bpf_map_info info = {};
	__u32 zero = 0, id, length = sizeof(info), next, found;
	int err;

	*set = (struct ruleset){};
	/* the set may be switched, and its map be gone, before it is opened */
	do {
		if (bpf_map_lookup_elem(rulesets, &zero, &id))
			return errno == ENOENT ? 0 : -errno;
		rules = bpf_map_get_fd_by_id(id);
	} while (rules < 0 && errno == ENOENT);
	if (rules < 0 || bpf_obj_get_info_by_fd(rules, &info, &length))
		return -errno;
	err = ruleset_reserve(set, info.max_entries);
	if (err)
		return err;
	/* a set in force never changes, so one batch of its size is all of it */
	found = info.max_entries;
	if (bpf_map_lookup_batch(rules, NULL, &next, set->keys, set->rules, &found,
				 NULL) &&
	    errno != ENOENT)
		return -errno;
	set->count = found;
	err = sort(set);
	return err ? err : claims_split(set);
}

int rulemap_read_pinned(struct ruleset *set, struct failure *failure)
{
	_cleanup_(close_fd) int rulesets = loaded_map(PIN_RULESETS, failure);
	int err;

	if (rulesets < 0)
		return failure->status;
	err = rulemap_read(rulesets, set);
	if (!err)
		return EXIT_DONE;
	return failure_set(failure, EXIT_FAILED, "cannot read the rules: %s",
			   strerror(-err));
}

static void free_btf(struct btf **btf)
{
	btf__free(*btf);
}

/* Creates a map of the type that `rulesets` takes, of the size of the set. */
static int ruleset_create(int types, size_t count)
{
	_cleanup_(free_btf) struct btf *btf = NULL;
	_cleanup_(close_fd) int btf_fd = -1;
	LIBBPF_OPTS(bpf_map_create_opts, options);
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);
	int key, value, fd;

	if (bpf_obj_get_info_by_fd(types, &info, &length))
		return -errno;
	btf_fd = bpf_btf_get_fd_by_id(info.btf_id);
	btf = btf__load_from_kernel_by_id(info.btf_id);
	if (btf_fd < 0 || !btf)
		return -errno;
	key = btf__find_by_name_kind(btf, "dsn_key", BTF_KIND_STRUCT);
	value = btf__find_by_name_kind(btf, "dsn_rule", BTF_KIND_STRUCT);
	if (key < 0 || value < 0)
		return -ENOENT;
	options.btf_fd = btf_fd;
	options.btf_key_type_id = key;
	options.btf_value_type_id = value;
	fd = bpf_map_create(BPF_MAP_TYPE_HASH, "rules", sizeof(struct dsn_key),
			    sizeof(struct dsn_rule), count ? count : 1, &options);
	return fd < 0 ? -errno : fd;
}

/* Creates a map that holds the rules, and the claims over them. Returns it or -errno. */
static int ruleset_fill(int types, const struct ruleset *set)
{
	_cleanup_(ruleset_free) struct ruleset raw = {};
	int err = claims_join(set, &raw), rules;
	__u32 count = raw.count;

	rules = err ? err : ruleset_create(types, count);
	if (rules < 0)
		return rules;
	if (count && bpf_map_update_batch(rules, raw.keys, raw.rules, &count, NULL))
		err = -errno;
	else if (count != raw.count)
		err = -EIO;
	if (!err)
		return rules;
	close(rules);
	return err;
}

int rulemap_switch(int rulesets, int types, const struct ruleset *set)
{
	_cleanup_(close_fd) int rules = ruleset_fill(types, set);
	__u32 zero = 0;
	int err;

	if (rules < 0)
		return rules;
	/* a second name for people and bpftool; the set in force is the one in
	   `rulesets` */
	err = pins_prepare(PIN_RULES, rules);
	if (err)
		return err;
	if (bpf_map_update_elem(rulesets, &zero, &rules, BPF_ANY))
		return -errno;
	pins_commit(PIN_RULES);
	return 0;
}
