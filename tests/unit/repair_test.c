// SPDX-License-Identifier: GPL-2.0
/* Tests the repair of stopped processes' memory; the processes are children. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kernel/stopped.h"
#include "lib/time.h"
#include "lib/util.h"

#define REAL 0xab
#define OTHER 0x55
#define PATIENCE_MS 5000

/* The memory that a child reads into: two pages, of which the second may be missing. */
enum page {
	WRITABLE,
	READ_ONLY, /* and private, so that it can be forced */
	SHARED_READ_ONLY,
	FIRST_ONLY,
	UNMAPPED,
};

struct child {
	pid_t pid;
	enum page page;
	unsigned char *memory;
	/* shared with it */
	volatile struct notes {
		int ready;
		unsigned char seen[8192]; /* by the child, after it went on */
	} * notes;
};

static struct dsn_repairs repairs;
static size_t page_size;

static void make_page(struct child *child)
{
	int kind = child->page == SHARED_READ_ONLY ? MAP_SHARED : MAP_PRIVATE;

	child->memory = mmap(NULL, 2 * page_size, PROT_READ | PROT_WRITE,
			     kind | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(child->memory, MAP_FAILED);
	memset(child->memory, OTHER, 2 * page_size);
}

/* The reader's memory, once it is stopped. */
static void protect_page(const struct child *child)
{
	memset(child->memory, REAL, 2 * page_size);
	if (child->page == READ_ONLY || child->page == SHARED_READ_ONLY)
		mprotect(child->memory, 2 * page_size, PROT_READ);
	else if (child->page == FIRST_ONLY)
		munmap(child->memory + page_size, page_size);
	else if (child->page == UNMAPPED)
		munmap(child->memory, 2 * page_size);
}

static void report_what_is_seen(const struct child *child)
{
	size_t i, size = child->page == FIRST_ONLY ? page_size : 2 * page_size;

	for (i = 0; i < size && i < sizeof(child->notes->seen); i++)
		child->notes->seen[i] = child->memory[i];
}

/* Forks a child that does not outlive a test that fails. */
static pid_t fork_child(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void run_child(const struct child *child)
{
	protect_page(child);
	child->notes->ready = 1;
	raise(SIGSTOP);
	if (child->page != UNMAPPED)
		report_what_is_seen(child);
	_exit(0);
}

static void start(struct child *child, enum page page)
{
	*child = (struct child){ .page = page };
	child->notes = mmap(NULL, sizeof(*child->notes), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(child->notes, MAP_FAILED);
	make_page(child);
	child->pid = fork_child();
	if (!child->pid)
		run_child(child);
}

static void stop(struct child *child)
{
	if (child->pid) {
		kill(child->pid, SIGKILL);
		waitpid(child->pid, NULL, 0);
	}
	munmap(child->memory, 2 * page_size);
	munmap((void *)child->notes, sizeof(*child->notes));
}

/* Waits for it to end by itself, and tells how. */
static int end_of(struct child *child)
{
	int status = 0;

	assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
	child->pid = 0;
	return status;
}

/* In ns, to the precision that the kernel tells. */
static __u64 start_of(pid_t pid)
{
	char name[32], text[1024];
	unsigned long long ticks = 0;
	FILE *file;
	size_t got;

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	file = fopen(name, "r");
	assert_non_null(file);
	got = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[got] = '\0';
	assert_int_equal(sscanf(strrchr(text, ')') + 2,
				"%*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
				" %*s %*s %*s %*s %*s %llu",
				&ticks),
			 1);
	/* a later moment of the same tick, as the kernel has nanoseconds */
	return ticks * (1000000000ULL / sysconf(_SC_CLK_TCK)) + 12345;
}

static struct dsn_repair *file(size_t element, const struct child *child, size_t offset,
			       __u32 length, __u64 bytes)
{
	struct dsn_repair *repair = &repairs.of[element];

	*repair = (struct dsn_repair){
		.state = DSN_REPAIR_PENDING,
		.pid = child->pid,
		.start_ns = start_of(child->pid),
		.ns = boot_time_ns(),
		.address = (uintptr_t)child->memory + offset,
		.bytes = bytes,
		.length = length,
		.key = { .bus = 1, .devfn = element % 2 },
	};
	return repair;
}

/* Lists the one process that is to be repaired. */
static struct stopped only(void)
{
	struct stopped list[DSN_REPAIRS];

	assert_int_equal(stopped_find(&repairs, list), 1);
	return list[0];
}

static struct repair repair_only(void)
{
	struct stopped who = only();
	struct repair repair;

	assert_int_equal(stopped_repair(&repairs, &who, PATIENCE_MS, &repair), 0);
	return repair;
}

static bool all_free(void)
{
	size_t i;

	for (i = 0; i < DSN_REPAIRS; i++)
		if (repairs.of[i].state != DSN_REPAIR_FREE)
			return false;
	return true;
}

static void sleep_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

static bool is_stopped(const struct child *child)
{
	struct process process;
	struct thread thread;
	bool stopped;

	assert_int_equal(process_open(&process, child->pid, start_of(child->pid)), 0);
	stopped = process_is_stopped(&process, &thread) == 1;
	process_close(&process);
	return stopped;
}

static void wait_until_stopped(const struct child *child)
{
	int tries;

	for (tries = 0; tries < 1000 && !is_stopped(child); tries++)
		sleep_ms(5);
	assert_true(is_stopped(child));
}

static int clear(void **state)
{
	(void)state;
	/* rather than wait for a child that stays stopped */
	alarm(30);
	repairs = (struct dsn_repairs){};
	page_size = sysconf(_SC_PAGESIZE);
	return 0;
}

/* A dword, a serial over the edge of the pages, and zeros, of one process and two functions. */
static void writes_what_is_pending(void **state)
{
	static const unsigned char dword[] = { 0x44, 0x33, 0x22, 0x11 };
	static const unsigned char qword[] = { 8, 7, 6, 5, 4, 3, 2, 1 };
	static const unsigned char zeros[64];
	struct child child;
	struct repair repair;
	size_t i;

	(void)state;
	start(&child, WRITABLE);
	file(0, &child, 16, 4, 0x11223344);
	file(7, &child, page_size - 3, 8, 0x0102030405060708);
	file(DSN_REPAIRS - 1, &child, 100, 64, 0);
	repair = repair_only();
	assert_int_equal(repair.outcome, REPAIR_DONE);
	assert_int_equal(repair.bytes, 4 + 8 + 64);
	assert_int_equal(repair.functions, 2);
	assert_true(repair.stopped_ns < 10000000000ULL);
	assert_true(all_free());
	assert_int_equal(end_of(&child), 0);
	assert_memory_equal((void *)&child.notes->seen[16], dword, 4);
	assert_memory_equal((void *)&child.notes->seen[page_size - 3], qword, 8);
	assert_memory_equal((void *)&child.notes->seen[100], zeros, 64);
	for (i = 0; i < 2 * page_size; i++)
		if (!(i >= 16 && i < 20) && !(i >= page_size - 3 && i < page_size + 5) &&
		    !(i >= 100 && i < 164))
			assert_int_equal(child.notes->seen[i], REAL);
	stop(&child);
}

static void forces_a_private_page(void **state)
{
	static const unsigned char zeros[8];
	struct child child;

	(void)state;
	start(&child, READ_ONLY);
	wait_until_stopped(&child);
	file(3, &child, 8, 8, 0);
	assert_int_equal(repair_only().outcome, REPAIR_DONE);
	assert_int_equal(end_of(&child), 0);
	assert_memory_equal((void *)&child.notes->seen[8], zeros, 8);
	stop(&child);
}

static void needs_nothing_where_nothing_is_mapped(void **state)
{
	static const unsigned char zeros[4];
	struct child child;

	(void)state;
	start(&child, UNMAPPED);
	wait_until_stopped(&child);
	file(0, &child, 8, 4096, 0);
	assert_int_equal(repair_only().outcome, REPAIR_DONE);
	assert_int_equal(end_of(&child), 0);
	assert_true(all_free());
	stop(&child);

	start(&child, FIRST_ONLY);
	wait_until_stopped(&child);
	file(0, &child, page_size - 4, 8, 0);
	assert_int_equal(repair_only().outcome, REPAIR_DONE);
	assert_int_equal(end_of(&child), 0);
	assert_memory_equal((void *)&child.notes->seen[page_size - 4], zeros, 4);
	stop(&child);
}

static void kills_where_nothing_can_be_written(void **state)
{
	struct child child;

	(void)state;
	start(&child, SHARED_READ_ONLY);
	wait_until_stopped(&child);
	file(0, &child, 8, 4, 0);
	file(1, &child, 8, 8, 0);
	assert_int_equal(repair_only().outcome, REPAIR_KILLED);
	assert_int_equal(WTERMSIG(end_of(&child)), SIGKILL);
	assert_true(all_free());
	stop(&child);
}

/* Repairs the first of two elements, then the second. */
static void repair_both(void)
{
	repairs.of[1].state = DSN_REPAIR_FREE;
	assert_int_equal(repair_only().outcome, REPAIR_GONE);
	repairs.of[1].state = DSN_REPAIR_PENDING;
	assert_int_equal(repair_only().outcome, REPAIR_GONE);
	assert_true(all_free());
}

/*
 * Two children: one has ended, and the pid of the other is a later process's. In a PID
 * namespace they may be the host's, out of sight, and count as alive.
 */
static void frees_what_is_of_nobody(void **state)
{
	bool sees_all = process_sees_all();
	struct stopped list[DSN_REPAIRS];
	struct child ended, other;

	(void)state;
	start(&ended, WRITABLE);
	start(&other, WRITABLE);
	wait_until_stopped(&other);
	file(0, &ended, 0, 4, 0);
	file(1, &other, 0, 4, 0)->start_ns -= 1000000000;
	kill(ended.pid, SIGKILL);
	end_of(&ended);

	assert_int_equal(stopped_list(&repairs, list), sees_all ? 0 : 2);
	assert_int_equal(stopped_find(&repairs, list), 2);
	if (sees_all)
		repair_both();

	/* the later process is untouched */
	assert_true(is_stopped(&other));
	kill(other.pid, SIGCONT);
	assert_int_equal(end_of(&other), 0);
	assert_int_equal(other.notes->seen[0], REAL);
	stop(&ended);
	stop(&other);
}

/* A child that is a zombie has ended too, though its pid is still taken. */
static void takes_a_zombie_for_gone(void **state)
{
	struct child child;

	(void)state;
	start(&child, WRITABLE);
	file(0, &child, 0, 4, 0);
	kill(child.pid, SIGKILL);
	sleep_ms(100);
	assert_int_equal(repair_only().outcome, REPAIR_GONE);
	assert_true(all_free());
	stop(&child);
}

static void *run_on(void *context)
{
	const struct child *child = context;

	__sync_fetch_and_add(&child->notes->ready, 1);
	for (;;)
		pause();
	return NULL;
}

/* A process whose threads run on is not touched. */
static void waits_for_all_threads(void **state)
{
	struct child child;
	struct stopped who;
	struct repair repair = {};
	pthread_t thread;
	int tries;

	(void)state;
	child = (struct child){ .page = WRITABLE };
	child.notes = mmap(NULL, sizeof(*child.notes), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	make_page(&child);
	child.pid = fork_child();
	if (!child.pid) {
		pthread_create(&thread, NULL, run_on, &child);
		run_on(&child);
	}
	while (child.notes->ready < 2)
		sleep_ms(1);
	file(0, &child, 0, 4, 0);
	who = only();
	/* on a busy host a thread may still be on its way to sleep */
	for (tries = 0; tries < 100 && repair.thread.state != 'S'; tries++)
		assert_int_equal(stopped_repair(&repairs, &who, 50, &repair), -ETIMEDOUT);
	assert_int_equal(repair.thread.state, 'S');
	assert_int_equal(repairs.of[0].state, DSN_REPAIR_PENDING);

	/* as the programs do it, but by a signal from outside */
	kill(child.pid, SIGSTOP);
	assert_int_equal(repair_only().outcome, REPAIR_DONE);
	assert_false(is_stopped(&child));
	stop(&child);
}

/* The main thread has ended; /proc shows no memory of it. */
static void repairs_without_a_main_thread(void **state)
{
	struct child child;
	pthread_t thread;

	(void)state;
	child = (struct child){ .page = WRITABLE };
	child.notes = mmap(NULL, sizeof(*child.notes), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	child.memory = (unsigned char *)&child.notes->seen[64];
	child.pid = fork_child();
	if (!child.pid) {
		pthread_create(&thread, NULL, run_on, &child);
		syscall(SYS_exit, 0);
	}
	while (!child.notes->ready)
		sleep_ms(1);
	file(0, &child, 0, 4, 0x11223344);
	kill(child.pid, SIGSTOP);
	assert_int_equal(repair_only().outcome, REPAIR_DONE);
	assert_int_equal(child.notes->seen[64], 0x44);
	kill(child.pid, SIGKILL);
	end_of(&child);
}

/* One that stopped for another reason, and has nothing pending, stays so. */
static void lets_others_be(void **state)
{
	struct stopped who;
	struct repair repair;
	struct child child;

	(void)state;
	start(&child, WRITABLE);
	wait_until_stopped(&child);
	file(0, &child, 0, 4, 0);
	who = only();
	repairs.of[0].state = DSN_REPAIR_FREE;
	assert_int_equal(stopped_repair(&repairs, &who, PATIENCE_MS, &repair), 0);
	assert_int_equal(repair.outcome, REPAIR_NOTHING);
	assert_true(is_stopped(&child));
	stop(&child);
}

/* A dsnctl was killed before or after SIGCONT: its successor sends it, if need be. */
static void finishes_what_was_begun(void **state)
{
	struct child child;

	(void)state;
	start(&child, WRITABLE);
	wait_until_stopped(&child);
	file(0, &child, 0, 4, 0)->state = DSN_REPAIR_DONE;
	assert_int_equal(repair_only().outcome, REPAIR_DONE);
	assert_int_equal(end_of(&child), 0);
	assert_int_equal(child.notes->seen[0], REAL); /* nothing is written twice */
	assert_true(all_free());
	stop(&child);

	child = (struct child){ .pid = getpid() };
	file(0, &child, 0, 4, 0)->state = DSN_REPAIR_DONE;
	assert_int_equal(repair_only().outcome, REPAIR_NOTHING);
	assert_true(all_free());
}

static void keeps_others_out(void **state)
{
	struct child child;
	struct process process;
	struct stopped who;
	struct repair repair;

	(void)state;
	start(&child, WRITABLE);
	wait_until_stopped(&child);
	file(0, &child, 0, 4, 0);
	who = only();
	assert_int_equal(process_open(&process, who.pid, who.start_ns), 0);
	assert_int_equal(process_lock(&process), 0);
	assert_int_equal(stopped_repair(&repairs, &who, 20, &repair), -EBUSY);
	assert_true(is_stopped(&child));
	process_close(&process);
	assert_int_equal(repair_only().outcome, REPAIR_DONE);
	stop(&child);
}

/* A lock file that others could lock, or a link to somewhere, is not taken. */
static void takes_no_foreign_lock_file(void **state)
{
	static const char elsewhere[] = PROCESS_LOCKS ".elsewhere";
	struct process process = { .pid = getpid(), .folder = -1, .lock = -1 };

	(void)state;
	unlink(PROCESS_LOCKS);
	assert_int_equal(process_lock(&process), 0);
	process_close(&process);
	assert_int_equal(chmod(PROCESS_LOCKS, 0666), 0);
	assert_int_equal(process_lock(&process), -ENOLCK);
	unlink(PROCESS_LOCKS);
	assert_int_equal(symlink(elsewhere, PROCESS_LOCKS), 0);
	assert_int_equal(process_lock(&process), -ENOLCK);
	assert_int_equal(access(elsewhere, F_OK), -1);
	unlink(PROCESS_LOCKS);
	assert_int_equal(mkfifo(PROCESS_LOCKS, 0600), 0);
	assert_int_equal(process_lock(&process), -ENOLCK);
	unlink(PROCESS_LOCKS);
}

static void lists_processes_by_time(void **state)
{
	struct stopped list[DSN_REPAIRS];
	struct child first, second;

	(void)state;
	start(&first, WRITABLE);
	start(&second, WRITABLE);
	file(4, &second, 0, 4, 0)->ns = 2000;
	file(5, &second, 8, 4, 0)->ns = 3000;
	file(6, &first, 0, 4, 0)->ns = 5000;
	file(7, &first, 8, 4, 0)->ns = 1000;
	repairs.of[8].state = DSN_REPAIR_CLAIMED;
	assert_int_equal(stopped_list(&repairs, list), 2);
	assert_int_equal(list[0].pid, first.pid);
	assert_int_equal(list[0].since_ns, 1000);
	assert_int_equal(list[0].key.devfn, 1);
	assert_string_equal(list[0].command, "repair_test");
	assert_int_equal(list[1].pid, second.pid);
	assert_int_equal(list[1].since_ns, 2000);
	stop(&first);
	stop(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(writes_what_is_pending, clear),
		cmocka_unit_test_setup(forces_a_private_page, clear),
		cmocka_unit_test_setup(needs_nothing_where_nothing_is_mapped, clear),
		cmocka_unit_test_setup(kills_where_nothing_can_be_written, clear),
		cmocka_unit_test_setup(frees_what_is_of_nobody, clear),
		cmocka_unit_test_setup(takes_a_zombie_for_gone, clear),
		cmocka_unit_test_setup(waits_for_all_threads, clear),
		cmocka_unit_test_setup(repairs_without_a_main_thread, clear),
		cmocka_unit_test_setup(lets_others_be, clear),
		cmocka_unit_test_setup(finishes_what_was_begun, clear),
		cmocka_unit_test_setup(keeps_others_out, clear),
		cmocka_unit_test_setup(takes_no_foreign_lock_file, clear),
		cmocka_unit_test_setup(lists_processes_by_time, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
