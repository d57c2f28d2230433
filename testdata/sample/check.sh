# Runs a built tresor-verify over this folder: sh check.sh PATH/tresor-verify
set -eu
tool=$1
cd "$(dirname "$0")"
at=2026-06-01T00:00:00Z

expect() { # CODE FIRST-LINE ARGS...
	code=$1 first=$2 got=0
	shift 2
	out=$("$tool" "$@" 2>/dev/null) || got=$?
	if [ "$got" != "$code" ] || [ "$(printf '%s\n' "$out" | head -n 1)" != "$first" ]; then
		printf 'tresor-verify %s\nexit code %s, expected %s\n%s\n' "$*" "$got" "$code" "$out"
		exit 1
	fi
	printf 'ok: exit %s, %s\n' "$code" "${first:-nothing on stdout}"
}

expect 0 'PASS' report --report report.bin --certs chain.pem --amd-root ark.pem --crl crl.der --at $at
expect 1 'FAIL: ReportSignatureInvalidError' report --report altered.bin --certs chain.pem --amd-root ark.pem --at $at
expect 1 'FAIL: CertChainInvalidError' report --report report.bin --certs chain.pem --at $at
expect 1 'FAIL: CertChainInvalidError' report --report report.bin --certs chain.pem --amd-root ark.pem --at 2033-01-01T00:00:00Z
expect 1 'FAIL: TCBBelowFloorError' report --report report.bin --certs chain.pem --amd-root ark.pem --at $at --min-tcb bootloader=255,tee=0,snp=0,microcode=0
expect 2 '' report --report report.bin --amd-root absent.pem
expect 3 'UNDECIDED: EvidenceUnavailableError' report --report absent.bin --certs chain.pem
expect 0 'NOT VERIFIED: this is what the file says (report, raw)' show report.bin
expect 0 'NOT VERIFIED: this is what the file says (CRL)' show crl.der
