# A kernel whose active LSMs are without bpf, as Ubuntu's and Proxmox's: it is proven there too.
# boot: --append lsm=lockdown,yama,integrity,apparmor
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

bind_vfio $bdf
vfio_read $bdf save /run/image
expect_output "check says that bpf is not active among the LSMs" \
	"^lsm +limited +bpf is not active" dsnctl check
expect_output "check predicts proven without bpf among the LSMs" "^guarantee: +proven$" \
	dsnctl check
foretold=$(outcome check)
expect_output "load is proven without bpf among the LSMs" \
	"^loaded: hook [a-z]+, check [a-z]+: proven$" dsnctl load
expect_output "check has foretold '$foretold'" "^${foretold:-nothing}$" outcome status
expect_output "scrub: every read around the serial" "^[1-9][0-9]* reads, 0 wrong" \
	vfio_read $bdf sweep /run/image $zero
expect_status 137 "a reader by io_uring is killed" vfio_read $bdf ring 0x144 4
if has_fexit; then
	expect_output "load --answer succeeds without bpf among the LSMs" "^true$" \
		sh -c "dsnctl load --answer -j | json_get answer"
	expect_output "with --answer every read around the serial is scrubbed" \
		"^[1-9][0-9]* reads, 0 wrong" \
		vfio_read $bdf sweep /run/image $zero
	expect_output "with --answer reads are counted as answered" "^[1-9]" count answered
fi
dsnctl unload >/dev/null
for model in none voluntary full lazy; do
	if ! preempt $model; then
		skip "preemption $model" "this kernel has no such model"
		continue
	fi
	want=$(outcome check)
	dsnctl load >/dev/null 2>&1
	expect_output "preemption $model: check has foretold '$want'" "^${want:-nothing}$" \
		outcome status
	expect "preemption $model: proven" dsnctl status --require proven
	dsnctl unload >/dev/null
	# with nothing that refuses, what withholds depends on the model
	dsnctl load --hook permission --whole-reads refuse >/dev/null 2>&1
	case $model in
	none | voluntary) want=withheld ;;
	*) want=best-effort ;;
	esac
	has_fexit || want="not protected"
	expect_output "preemption $model: what only withholds is $want" "^$want$" \
		sh -c "dsnctl status -j 2>/dev/null | json_get guarantee"
	dsnctl unload >/dev/null
done
finish
