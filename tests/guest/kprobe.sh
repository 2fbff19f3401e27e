# The kprobe pair, which kernels without fexit get: the same reads, the same answers.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

bind_vfio $bdf
vfio_read $bdf save /run/image
expect_output "load --hook kprobe loads a check too, and is proven" \
	"^loaded: hook kprobe, check (usage|resume): proven" dsnctl load --hook kprobe
expect_output "status gives the reason for the hook" "^hook_reason: +--hook kprobe$" dsnctl status
expect_output "load --hook kprobe without a check is best-effort" \
	"^loaded: hook kprobe, check off: best-effort$" \
	dsnctl load --hook kprobe --check off
expect_status 3 "status without a check is not proven" dsnctl status --require proven
expect "load --hook kprobe with a check succeeds again" dsnctl load --hook kprobe
expect_output "scrub: every read around the serial" " 0 wrong" \
	vfio_read $bdf sweep /run/image $zero
expect_output "scrub: reads that fail half-way show no real byte" " 0 wrong" \
	vfio_read $bdf fault /run/image $zero
expect "set succeeds" dsnctl set $bdf $chosen
expect_output "serial: every read around the serial" " 0 wrong" \
	vfio_read $bdf sweep /run/image $chosen
expect_output "serial: guest writes change nothing" " 0 wrong" \
	vfio_read $bdf write /run/image $chosen
if ! has_fexit; then
	skip "fexit takes over" "this kernel attaches no fexit"
	expect "unload succeeds after the kprobe pair" dsnctl unload
	finish
fi
expect_output "load replaces the kprobe pair by fexit" "^loaded: hook fexit," dsnctl load
expect_output "fexit follows the rule that was set under the kprobe pair" " 0 wrong" \
	vfio_read $bdf sweep /run/image $chosen
expect "the kprobe pair is gone after fexit was loaded" within 30 no_program probe
expect "with fexit the openers of devices are pinned" test -e /sys/fs/bpf/dsnctl/open
expect_output "load --hook kprobe replaces fexit" "^loaded: hook kprobe" dsnctl load --hook kprobe
expect_output "the kprobe pair follows the rule that fexit had" " 0 wrong" \
	vfio_read $bdf sweep /run/image $chosen
expect "fexit is gone after the kprobe pair was loaded" within 30 no_program dsn_fexit
expect_status 1 "with the kprobe pair no openers of devices are pinned" \
	test -e /sys/fs/bpf/dsnctl/open
expect "unload succeeds" dsnctl unload
finish
