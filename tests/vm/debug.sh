# A kernel built from Debian's source with the kernel's own checkers: KASAN, lockdep, sleeping
# in atomic context. Its configuration is small: what the tests need and nothing more.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the caller sets here, name, release, suite and folder

# Options that are on, in groups: the machine, its programs, tracing and BPF, PCI and VFIO,
# what makes reads hard, the checkers.
debug_config=(
	64BIT SMP NUMA ACPI X86_X2APIC HYPERVISOR_GUEST PREEMPT PREEMPT_DYNAMIC HIGH_RES_TIMERS
	BLK_DEV_INITRD RD_GZIP TTY SERIAL_8250 SERIAL_8250_CONSOLE PRINTK EARLY_PRINTK BUG
	MODULES MODULE_UNLOAD IKCONFIG
	BINFMT_ELF BINFMT_SCRIPT IA32_EMULATION MULTIUSER FUTEX EPOLL EVENTFD SIGNALFD TIMERFD
	POSIX_TIMERS AIO IO_URING USERFAULTFD MEMBARRIER ADVISE_SYSCALLS FILE_LOCKING FHANDLE
	PROC_FS PROC_SYSCTL SYSFS SHMEM TMPFS DEVTMPFS MISC_FILESYSTEMS INOTIFY_USER
	NET UNIX INET NAMESPACES USER_NS PID_NS UTS_NS CGROUPS CGROUP_BPF SECCOMP SECCOMP_FILTER
	CROSS_MEMORY_ATTACH
	BPF BPF_SYSCALL BPF_JIT BPF_JIT_ALWAYS_ON BPF_EVENTS BPF_LSM CGROUP_BPF PERF_EVENTS
	FTRACE FUNCTION_TRACER DYNAMIC_FTRACE KPROBES KPROBE_EVENTS KALLSYMS KALLSYMS_ALL
	DEBUG_INFO_DWARF5 DEBUG_INFO_BTF DEBUG_INFO_BTF_MODULES DEBUG_FS DEBUG_KERNEL
	SECURITY SECURITYFS SECURITY_LOCKDOWN_LSM SECURITY_LOCKDOWN_LSM_EARLY
	PCI PCI_MSI PCIEPORTBUS HOTPLUG_PCI HOTPLUG_PCI_PCIE PCI_IOV PCI_PRI PCI_PASID PM
	IOMMU_SUPPORT INTEL_IOMMU IRQ_REMAP IOMMU_DEFAULT_DMA_LAZY
	NUMA_BALANCING COMPACTION MIGRATION TRANSPARENT_HUGEPAGE
	KASAN KASAN_GENERIC KASAN_OUTLINE PROVE_LOCKING DEBUG_ATOMIC_SLEEP
	STACKTRACE DEBUG_LIST
)
debug_modules=(VFIO VFIO_PCI VFIO_IOMMU_TYPE1 E1000E NVME_CORE BLK_DEV_NVME)

set_config() {
	local option config=(scripts/config)

	make -s tinyconfig
	for option in "${debug_config[@]}" BLOCK VFIO_GROUP ETHERNET NETDEVICES NET_VENDOR_INTEL; do
		config+=(-e "$option")
	done
	for option in "${debug_modules[@]}"; do
		config+=(-m "$option")
	done
	# shellcheck disable=SC2054 # the comma is of the list LSM
	config+=(-d CC_OPTIMIZE_FOR_SIZE -e CC_OPTIMIZE_FOR_PERFORMANCE -d DEBUG_INFO_NONE
		-d EXPERT -d PREEMPT_NONE -d RANDOMIZE_BASE -d MODULE_SIG_ALL --set-val SERIAL_8250_NR_UARTS 8
		--set-val SERIAL_8250_RUNTIME_UARTS 8 --set-val NR_CPUS 8
		--set-str LSM lockdown,bpf --set-str LOCALVERSION -debug -d LOCALVERSION_AUTO)
	"${config[@]}"
	make -s olddefconfig PAHOLE="$1"
}

# Reports what the kernel's configuration did not take.
check_config() {
	local option lack=''

	for option in "${debug_config[@]}"; do
		grep -qx "CONFIG_$option=y" .config || lack+=" $option"
	done
	for option in "${debug_modules[@]}"; do
		grep -qx "CONFIG_$option=[my]" .config || lack+=" $option"
	done
	[[ -z $lack ]] || die "its configuration does not take:$lack"
}

# make_kernel PAHOLE: in the folder of its source, which stays for modules to be built with.
make_kernel() {
	local log

	set_config "$1"
	check_config
	say "building a kernel with KASAN and lockdep: half an hour on two processors"
	log=$(make -j"$(nproc)" PAHOLE="$1" bzImage modules 2>&1) || {
		tail -n 40 <<<"$log" >&2
		die "cannot build it"
	}
	make -s INSTALL_MOD_PATH="$PWD/../kernel" INSTALL_MOD_STRIP=1 modules_install
	cp arch/x86/boot/bzImage ../kernel/vmlinuz
	make -s kernelrelease >../kernel/release
	find . -name '*.o' -o -name '*.a' -o -name '.*.cmd' -o -name 'vmlinux*' -size +1M |
		grep -v '^./scripts/\|^./tools/' | xargs rm -f
}

# make_debug: leaves in ./kernel a kernel with its checkers on, and its source in ./kernel/build.
make_debug() {
	local tool pahole=$PWD/pahole/run

	for tool in flex bison bc; do
		command -v "$tool" >/dev/null || die "$tool is not installed: 'tests/setup debug'"
	done
	fetch_source
	fetch_pahole
	mkdir kernel
	(cd source && make_kernel "$pahole")
	rm -f kernel/lib/modules/*/{build,source}
	mv source kernel/build
}
