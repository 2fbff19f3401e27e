// SPDX-License-Identifier: GPL-2.0
/* dsnctl claim, dsnctl release: rules for the run of one VM, above the operator's. */
#include "cmd/changes.h"
#include "cmd/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cmd/update.h"
#include "cmd/warn.h"
#include "kernel/openers.h"
#include "model/claim.h"
#include "model/config.h"
#include "model/journal.h"
#include "model/key.h"
#include "model/pci.h"
#include "model/policy.h"
#include "model/rule.h"
#include "model/sitekey.h"
#include "model/vm.h"
#include "lib/message.h"
#include "lib/util.h"

/* The claims that a command names, all of one VM. */
struct wanted {
	struct claim vm; /* whose they are */
	struct claim *claims;
	size_t count;
	struct dsn_key *dropped; /* functions without a claim from now on */
	size_t dropped_count;
	struct site_key key;
	bool has_key; /* the site's key was read */
};

static void wanted_free(struct wanted *request)
{
	free(request->dropped);
	free(request->claims);
}

static int wrong(const char *word, const char *fault)
{
	say_error("%s: %s", word, fault);
	return EXIT_USAGE;
}

/* Cuts off what may follow a label. Returns true if it was there. */
static bool take_keep(char *label)
{
	size_t length = strlen(label), keep = strlen(VM_KEEP);

	if (length < keep || strcmp(label + length - keep, VM_KEEP))
		return false;
	label[length - keep] = '\0';
	return true;
}

/* Puts the low bits of the real serial in place of the derived ones. */
static int keep_real(struct claim *claim)
{
	char bdf[BDF_LEN];
	__u64 real;

	if (pci_serial(&claim->key, &real)) {
		claim->rule.serial = vm_keep_real(claim->rule.serial, real);
		return EXIT_DONE;
	}
	bdf_format(&claim->key, bdf);
	say_error("%s: has no real serial to keep bits of: leave out 'keep 16'", bdf);
	return EXIT_FAILED;
}

/* Derives the serial of the VM and a label. */
static int take_label(struct wanted *request, char *label, struct claim *claim)
{
	char uuid[UUID_LEN], error[SITE_KEY_ERROR], *words[] = { uuid, label };
	bool keeps = take_keep(label);
	struct derivation derivation;
	const char *fault;
	int used;

	uuid_format(claim->uuid, uuid);
	fault = derivation_parse(words, 2, &derivation, &used);
	if (fault)
		return wrong(words[used], fault);
	if (!request->has_key && !config_site_key(&request->key, error)) {
		say_error("%s", error);
		return EXIT_FAILED;
	}
	request->has_key = true;
	claim->rule = (struct dsn_rule){
		.policy = DSN_SERIAL,
		.serial = derive_serial(&request->key, &derivation),
	};
	return keeps ? keep_real(claim) : EXIT_DONE;
}

static int take_value(struct wanted *request, char *text, struct claim *claim)
{
	static const char prefix[] = "derive:";
	const char *fault;

	if (!strncmp(text, prefix, strlen(prefix)))
		return take_label(request, text + strlen(prefix), claim);
	fault = value_parse(text, &claim->rule);
	if (fault)
		return wrong(
			text,
			"not a value of a claim (want scrub, hide, none, a serial or derive:LABEL)");
	if (claim->rule.policy == DSN_PASS)
		return wrong(text, "cannot be claimed: use 'dsnctl set', which lasts");
	return EXIT_DONE;
}

static bool is_named(const struct wanted *request, const struct dsn_key *key)
{
	size_t i;

	for (i = 0; i < request->count; i++)
		if (!key_compare(&request->claims[i].key, key))
			return true;
	for (i = 0; i < request->dropped_count; i++)
		if (!key_compare(&request->dropped[i], key))
			return true;
	return false;
}

/* Reads BDF VALUE. */
static int take_pair(struct wanted *request, char **words)
{
	struct claim claim = request->vm;
	const char *fault = bdf_parse(words[0], &claim.key);
	int status;

	if (fault)
		return wrong(words[0], fault);
	if (is_named(request, &claim.key))
		return wrong(words[0], "is named twice");
	if (!strcmp(words[1], "none")) {
		request->dropped[request->dropped_count++] = claim.key;
		return EXIT_DONE;
	}
	status = take_value(request, words[1], &claim);
	if (status)
		return status;
	request->claims[request->count++] = claim;
	return EXIT_DONE;
}

/* Reads UUID BDF VALUE [BDF VALUE]... */
static int take_request(const struct options *options, int argc, char **argv,
			struct wanted *request)
{
	const char *fault = uuid_parse(argv[0], request->vm.uuid);
	int status = EXIT_DONE, i;

	if (fault)
		return wrong(argv[0], fault);
	fault = options->name ? claim_name_fault(options->name) : NULL;
	if (fault)
		return wrong(options->name, fault);
	if (options->name)
		strcpy(request->vm.name, options->name);
	if (argc % 2 == 0)
		return wrong(argv[argc - 1], "has no value");
	request->claims = calloc(argc / 2, sizeof(*request->claims));
	request->dropped = calloc(argc / 2, sizeof(*request->dropped));
	if (!request->claims || !request->dropped) {
		say_error("out of memory");
		return EXIT_FAILED;
	}
	for (i = 1; !status && i < argc; i += 2)
		status = take_pair(request, argv + i);
	return status;
}

/* Refuses a value that the running programs cannot show. */
static int check_values(const struct wanted *request, enum effect effect)
{
	char bdf[BDF_LEN];
	size_t i;

	for (i = 0; i < request->count; i++) {
		if (!policy_is_degraded(effect, &request->claims[i].rule))
			continue;
		bdf_format(&request->claims[i].key, bdf);
		say_error(
			"%s: cannot show %s: the loaded hook cannot write into VMMs (kernel lockdown, Secure Boot); serials read as zeros",
			bdf, policy_degraded_word(&request->claims[i].rule));
		return EXIT_UNABLE;
	}
	return EXIT_DONE;
}

/* The devices that are open. */
struct open_list {
	struct opener *openers;
	size_t count;
};

static void open_list_free(struct open_list *list)
{
	free(list->openers);
}

static const struct opener *opener_of(const struct open_list *list,
				      const struct dsn_key *key)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (!key_compare(&list->openers[i].id.key, key))
			return &list->openers[i];
	return NULL;
}

static int open_list_read(struct open_list *list, enum dsn_hook hook)
{
	int err = openers_find(hook, &list->openers, &list->count);

	if (!err)
		return EXIT_DONE;
	say_error("cannot tell which devices are open: %s; --force claims all the same",
		  openers_error(err));
	return EXIT_FAILED;
}

/* Refuses what another VM has claimed and a process has open. */
static int check_taken(const struct ruleset *set, const struct wanted *request,
		       const struct dsn_key *key, const struct open_list *open)
{
	const struct claim *there = claim_find(set, key);
	const struct opener *opener = opener_of(open, key);
	char bdf[BDF_LEN], vm[CLAIM_VM_LEN], user[OPENER_LEN];

	if (!there || !opener || claim_is_of(there, request->vm.uuid))
		return EXIT_DONE;
	bdf_format(key, bdf);
	claim_format_vm(there, vm);
	opener_format(opener, user);
	say_error(
		"%s: %s has claimed it, and process %s has it open: end that VM first, or use --force",
		bdf, vm, user);
	return EXIT_FAILED;
}

static int check_all_taken(const struct ruleset *set, const struct wanted *request,
			   const struct open_list *open)
{
	int status = EXIT_DONE;
	size_t i;

	for (i = 0; !status && i < request->count; i++)
		status = check_taken(set, request, &request->claims[i].key, open);
	for (i = 0; !status && i < request->dropped_count; i++)
		status = check_taken(set, request, &request->dropped[i], open);
	return status;
}

/* Reports a claim that no process holds any more, if another VM has it. */
static void report_taken(const struct ruleset *old, const struct wanted *request,
			 const struct dsn_key *key, const char *verb)
{
	const struct claim *there = claim_find(old, key);
	char bdf[BDF_LEN], vm[CLAIM_VM_LEN], text[BDF_LEN + CLAIM_VM_LEN + 32];

	if (!there || claim_is_of(there, request->vm.uuid))
		return;
	bdf_format(key, bdf);
	claim_format_vm(there, vm);
	snprintf(text, sizeof(text), "%s: %s from %s", bdf, verb, vm);
	say_warning("%s", text);
	say_unlogged(journal_event("claim", text));
}

static void report_all_taken(const struct ruleset *old, const struct wanted *request)
{
	size_t i;

	for (i = 0; i < request->count; i++)
		report_taken(old, request, &request->claims[i].key, "taken over");
	for (i = 0; i < request->dropped_count; i++)
		report_taken(old, request, &request->dropped[i], "taken back");
}

/* Takes back what the VM had claimed and does not name now, unless it is open. */
static void drop_others(struct ruleset *set, const struct wanted *request,
			const struct open_list *open)
{
	char bdf[BDF_LEN], user[OPENER_LEN];
	size_t i = set->claim_count;

	while (i--) {
		struct dsn_key key = set->claims[i].key;
		const struct opener *opener = opener_of(open, &key);

		if (!claim_is_of(&set->claims[i], request->vm.uuid) ||
		    is_named(request, &key))
			continue;
		if (!opener) {
			claim_remove(set, &key);
			continue;
		}
		bdf_format(&key, bdf);
		opener_format(opener, user);
		say_warning("%s: stays claimed, as process %s has it open", bdf, user);
	}
}

/*
 * Takes from the rule below what that says of VPD and gaps: a claim has no words for it, and
 * is not to show more than the operator's rule.
 */
static void take_settings(const struct ruleset *set, struct wanted *request)
{
	struct ruleset rules = *set;
	size_t i;

	rules.claim_count = 0;
	for (i = 0; i < request->count; i++) {
		struct dsn_rule *rule = &request->claims[i].rule;
		struct dsn_rule below = policy_of(&rules, &request->claims[i].key).rule;

		if ((below.more ^ rule_usual_more(below.policy)) & DSN_VPD_MASK)
			rule->more = below.more & DSN_VPD_MASK;
		rule->more |= below.more & DSN_GAPS_ZERO;
	}
}

/* Keeps the name that the VM has already if none is given. */
static void keep_name(const struct ruleset *set, struct wanted *request)
{
	const char *name = "";
	size_t i;

	for (i = 0; i < set->claim_count; i++)
		if (claim_is_of(&set->claims[i], request->vm.uuid))
			name = set->claims[i].name;
	strcpy(request->vm.name, name);
	for (i = 0; i < request->count && *name; i++)
		strcpy(request->claims[i].name, name);
}

static void report_json(const struct update *update, const struct claim *vm)
{
	struct json_object *object = json_result();
	char uuid[UUID_LEN];

	uuid_format(vm->uuid, uuid);
	json_object_object_add(object, "vm",
			       *vm->name ? json_object_new_string(vm->name) : NULL);
	json_object_object_add(object, "uuid", json_object_new_string(uuid));
	json_object_object_add(object, "changes", changes_json(&update->claims));
	json_print(object);
}

static void report(const struct update *update, const struct claim *vm)
{
	char text[CLAIM_VM_LEN];

	changes_print(&update->claims);
	claim_format_vm(vm, text);
	if (!update->claims.count)
		printf("%s: unchanged\n", text);
}

/* Puts the new claims in force, and warns of what they may do. */
static int put_in_force(const struct options *options, struct update *update,
			const struct claim *vm)
{
	int status = update_check(update, options->force);

	claim_format_vm(vm, update->vm);
	if (!status)
		status = update_commit(update);
	if (!status)
		warn_changes(&update->new, &update->claims, update->loaded.effect);
	return status;
}

static int print(const struct options *options, const struct update *update,
		 const struct claim *vm)
{
	if (options->json)
		report_json(update, vm);
	else
		report(update, vm);
	return EXIT_DONE;
}

int cmd_claim(const struct options *options, int argc, char **argv)
{
	_cleanup_(wanted_free) struct wanted request = {};
	_cleanup_(open_list_free) struct open_list open = {};
	_cleanup_(update_free) struct update update = { .lock = -1 };
	int status = take_request(options, argc, argv, &request);
	size_t i;

	if (!status)
		status = update_begin(&update, "claim");
	if (!status)
		status = check_values(&request, update.loaded.effect);
	if (!status && !options->force)
		status = open_list_read(&open, update.loaded.attached.plan.hook);
	if (!status && !options->force)
		status = check_all_taken(&update.old, &request, &open);
	if (status)
		return status;
	if (!options->name)
		keep_name(&update.old, &request);
	take_settings(&update.old, &request);
	if (!options->add)
		drop_others(&update.new, &request, &open);
	for (i = 0; i < request.count; i++)
		if (claim_put(&update.new, &request.claims[i]))
			return update_full(&update);
	for (i = 0; i < request.dropped_count; i++)
		claim_remove(&update.new, &request.dropped[i]);
	status = put_in_force(options, &update, &request.vm);
	if (status)
		return status;
	report_all_taken(&update.old, &request);
	return print(options, &update, &request.vm);
}

int cmd_release(const struct options *options, int argc, char **argv)
{
	_cleanup_(update_free) struct update update = { .lock = -1 };
	struct claim vm = {};
	const char *fault = uuid_parse(argv[0], vm.uuid);
	int status;
	size_t i;

	(void)argc;
	if (fault)
		return wrong(argv[0], fault);
	status = update_begin(&update, "release");
	if (status)
		return status;
	for (i = update.new.claim_count; i--;) {
		struct claim claim = update.new.claims[i];

		if (!claim_is_of(&claim, vm.uuid))
			continue;
		strcpy(vm.name, claim.name);
		claim_remove(&update.new, &claim.key);
	}
	status = put_in_force(options, &update, &vm);
	return status ? status : print(options, &update, &vm);
}
