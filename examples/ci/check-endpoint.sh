#!/bin/sh
# Fails a build when what runs behind an endpoint can not be verified, or is not
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
set -eu
: "${ENDPOINT:?the endpoint, https://HOST}" "${RELEASE_ROOT:=release.pem}" "${PIN:=pin.json}" "${EVIDENCE:=evidence.json}"

code=0
tresor-verify attest --url "$ENDPOINT" --release-root "$RELEASE_ROOT" --pin "$PIN" --save "$EVIDENCE" --replace "$@" || code=$?
case $code in
0) echo "$ENDPOINT is verified, and is what $PIN says." ;;
1) echo "$ENDPOINT was refused. Don't send it anything." >&2 ;;
3) echo "$ENDPOINT could not be judged: that is no PASS either." >&2 ;;
4) echo "$ENDPOINT is genuine, but changed. If the operator announced it, record a new $PIN and commit it." >&2 ;;
*) echo "tresor-verify was called in a wrong way, or failed." >&2 ;;
esac
exit $code
