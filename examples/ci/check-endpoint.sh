#!/bin/sh
# Fails a build when what runs behind an endpoint cannot be verified, or is not
# what was recorded. Once, by hand, and to be committed after a look at it:
#
#	tresor-verify attest --url "$ENDPOINT" --release-root release.pem --record pin.json
#
# Then in every build, with ENDPOINT set:
#
#	sh check-endpoint.sh [further flags of attest]
#
# RELEASE_ROOT and PIN name these two files, EVIDENCE the one in which the evidence
# is kept, so that "tresor-verify attest --evidence" can say the same again later.
# When nothing could be judged (exit code 3) it asks again, TRIES times in all, with a
# PAUSE of so many seconds; a refusal is never asked for again.
set -eu
: "${ENDPOINT:?the endpoint, https://HOST}" "${RELEASE_ROOT:=release.pem}" "${PIN:=pin.json}" "${EVIDENCE:=evidence.json}" "${TRIES:=3}" "${PAUSE:=10}"

try=1
while :; do
	code=0
	line=$(tresor-verify attest --brief --url "$ENDPOINT" --release-root "$RELEASE_ROOT" --pin "$PIN" --save "$EVIDENCE" --replace "$@") || code=$?
	printf '%s\n' "$line"
	[ $code -eq 3 ] && [ $try -lt "$TRIES" ] || break
	try=$((try + 1))
	sleep "$PAUSE"
done
case $code in
0) say="$ENDPOINT is verified, and is what $PIN says." ;;
1) say="$ENDPOINT was refused. Send it nothing." ;;
2) say="tresor-verify was called in a wrong way: see its message." ;;
3) say="$ENDPOINT could not be judged in $try tries: that is no PASS either." ;;
4) say="$ENDPOINT is genuine, but changed. If the operator announced it, record a new $PIN and commit it." ;;
*) say="tresor-verify failed." ;;
esac
[ $code -eq 0 ] && echo "$say" || echo "$say" >&2
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
	printf '### Attestation: exit code %s\n\n%s\n\n```text\n%s\n```\n' "$code" "$say" "$line" >> "$GITHUB_STEP_SUMMARY"
fi
exit $code
