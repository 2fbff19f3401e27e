# The kprobe pair, which kernels without fexit get: the same reads, the same answers.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

# the kernel frees a program some time after its last user
gone() { timeout 10 sh -c "while bpftool prog show | grep -q $1; do sleep 0.1; done"; }

bind_vfio $bdf
vfio_read $bdf save /run/image
expect_output "load, with a check, as kprobes are skipped easily" \
	"^loaded: hook kprobe, check (usage|resume): proven" dsnctl load --hook kprobe
expect_output "status says which hook and why" "^hook_reason: +--hook kprobe$" dsnctl status
expect_output "without a check it promises less" "^loaded: hook kprobe, check off: best-effort$" \
	dsnctl load --hook kprobe --check off
expect_status 3 "and says so" dsnctl status --require proven
expect "with it again" dsnctl load --hook kprobe
expect_output "scrub: every read around the serial" " 0 wrong" \
	vfio_read $bdf sweep /run/image $zero
expect_output "reads that fail half-way" " 0 wrong" vfio_read $bdf fault /run/image $zero
expect "set" dsnctl set $bdf $chosen
expect_output "serial: every read around it" " 0 wrong" vfio_read $bdf sweep /run/image $chosen
expect_output "guest writes change nothing" " 0 wrong" vfio_read $bdf write /run/image $chosen
if ! has_fexit; then
	skip "fexit takes over" "this kernel attaches no fexit"
	expect "unload" dsnctl unload
	finish
fi
expect_output "fexit takes over, the rule stays" "^loaded: hook fexit," dsnctl load
expect_output "and rewrites" " 0 wrong" vfio_read $bdf sweep /run/image $chosen
expect "the pair is gone" gone probe
expect "who has a device open is asked of what is loaded" test -e /sys/fs/bpf/dsnctl/open
expect_output "and back" "^loaded: hook kprobe" dsnctl load --hook kprobe
expect_output "rewrites" " 0 wrong" vfio_read $bdf sweep /run/image $chosen
expect "fexit is gone" gone dsn_fexit
expect_status 1 "not beside kprobes, which do not hold the module" test -e /sys/fs/bpf/dsnctl/open
expect "unload" dsnctl unload
finish
