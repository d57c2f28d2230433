package fuzz

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/capture"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
	"github.com/tresorhq/attest/internal/statefile"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
)

// A textCase is a file of one JSON object.
type textCase struct {
	chance
	file document.Object
	text func([]byte) []byte
}

// write writes the file, in any order of members.
func (c *textCase) write() []byte {
	text := shuffled(c.chance, c.file).Text()
	if c.text != nil {
		text = c.text(text)
	}
	return text
}

// formFaults are those that a file of these members can have: all are required, and no
// others are read. want is what each leads to.
func formFaults[C interface{ base() *textCase }](want string, members ...string) []fault[C] {
	of := func(put func(c *textCase, name string)) func(C) {
		return func(c C) { put(c.base(), c.base().oneOf(members...)) }
	}
	text := func(change func(c *textCase, b []byte) []byte) func(C) {
		return func(c C) { b := c.base(); b.text = func(text []byte) []byte { return change(b, text) } }
	}
	return []fault[C]{
		{"member dropped", want, 1, of(func(c *textCase, name string) { c.file.Drop(name) })},
		{"member null", want, 1, of(func(c *textCase, name string) { c.file.Set(name, document.RawJSON("null")) })},
		{"member of another type", want, 1, of(func(c *textCase, name string) {
			c.file.Set(name, document.RawJSON(c.oneOf("1.5", "true", "[1]", `{"x": 1}`)))
		})},
		{"member twice", want, 1, of(func(c *textCase, name string) { c.file.Add(name, c.file.Get(name)) })},
		{"member folded", want, 1, of(func(c *textCase, name string) { c.file.Rename(name, strings.ToUpper(name)) })},
		{"unknown member", want, 1, of(func(c *textCase, _ string) { c.file.Add(c.oneOf("x", "", "schema ", "comment"), 1) })},
		{"another schema", want, 1, of(func(c *textCase, _ string) {
			c.file.Set("schema", c.oneOf("tresor.pin/v2", "tresor.state", "tresor.evidence/v1 ", ""))
		})},
		{"cut off", want, 1, text(func(c *textCase, b []byte) []byte { return b[:c.IntN(len(b))] })},
		{"behind the object", want, 1, text(func(c *textCase, b []byte) []byte { return append(b, c.oneOf("{}", ",", "\x00", "x")...) })},
		{"no JSON", want, 1, text(func(c *textCase, b []byte) []byte {
			return slices.Concat([]byte(c.oneOf("\xef\xbb\xbf", "\xff", "[", "//\n", "\x00", "'")), b)
		})},
	}
}

// A stateCase is the memory of bundles in a file, and evidence whose bundle has version 17.
type stateCase struct {
	textCase
	workloads document.Object
}

func (c *stateCase) base() *textCase { return &c.textCase }

// entry is what the file says of one workload.
func entry(version any, sha256 string) document.Object {
	return document.Object{{"version", version}, {"sha256", sha256}}
}

func (c *stateCase) digest() string {
	sum := sha256.Sum256([]byte{byte(c.IntN(256))})
	return hex.EncodeToString(sum[:])
}

const damaged = "EvidenceUnavailableError" // nothing is verified with a memory that cannot be read

var stateFaults = slices.Concat(formFaults[*stateCase](damaged, "schema", "workloads"), []fault[*stateCase]{
	{"workload without a name", damaged, 1, func(c *stateCase) { c.workloads.Add("", entry(1, c.digest())) }},
	{"workload twice", damaged, 1, func(c *stateCase) {
		c.workloads.Add("twice", entry(1, c.digest()))
		c.workloads.Add("twice", entry(2, c.digest()))
	}},
	{"entry malformed", damaged, 1, func(c *stateCase) {
		d := c.digest()
		c.workloads.Add("bad", [...]any{
			entry(0, d), entry(document.RawJSON("9007199254740992"), d), entry(document.RawJSON("1.0"), d), entry(-1, d), entry("1", d), entry(1, d[1:]), entry(1, d+"0"),
			entry(1, strings.ToUpper(d[:63]+"a")), entry(1, ""), append(entry(1, d), document.Member{"x", 1}), entry(1, d)[:1], entry(1, d)[1:], "x", document.RawJSON("null"),
		}[c.IntN(14)])
	}},
	{"newer one was accepted", "BundleRollbackError", 6, func(c *stateCase) { c.workloads.Set("router", entry(18+c.IntN(1000), c.digest())) }},
	{"other bytes were accepted", "BundleRollbackError", 6, func(c *stateCase) { c.workloads.Set("router", entry(17, c.digest())) }},
})

// filesEndpoint is the evidence that files are about, and its result.
var filesEndpoint = sync.OnceValue(func() (e struct {
	attest.Evidence
	result *attest.Result
}) {
	m := newMinted("Genoa", 5)
	config := m.config()
	config.Memory = attest.NewBundleMemory()
	e.Evidence = m.evidence()
	e.result = must(verifier(config).Verify(e.Evidence, now))
	return e
})

func runState(t *testing.T, r chance) ([]string, answer) {
	c := &stateCase{textCase: textCase{chance: r}}
	e := filesEndpoint()
	sum := sha256.Sum256(e.Bundle)
	for i := range r.IntN(4) {
		c.workloads.Add(c.oneOf("Router", "router ", "encoder", "\u202e")+fmt.Sprint(i), entry(1+c.IntN(100), c.digest()))
	}
	c.file = document.Object{{"schema", "tresor.state/v1"}, {"workloads", ""}}
	switch r.IntN(3) { // what is known already changes nothing
	case 0:
		c.workloads.Add("router", entry(17, hex.EncodeToString(sum[:])))
	case 1:
		c.workloads.Add("router", entry(1+c.IntN(16), c.digest()))
	}
	list := faultsOf(r.Rand, stateFaults, nil)
	want := put(c, list)
	if c.file.Get("workloads") == "" {
		c.file.Set("workloads", shuffled(r, c.workloads))
	}
	path := filepath.Join(t.TempDir(), "state.json")
	before := c.write()
	if err := os.WriteFile(path, before, 0o600); err != nil {
		t.Fatal(err)
	}
	memory := must(statefile.Open(path))
	v := verifier(attest.Config{Policy: policy.Default(), AMDRoots: signedRoots(), Workload: "router", RequireCRL: true, Cache: signedCache, Memory: memory})
	var answers []answer
	for range 2 {
		result, err := v.Verify(e.Evidence, now)
		if (result == nil) == (err == nil) {
			t.Fatalf("result %v, error %v", result, err)
		}
		answers = append(answers, answerOf(err))
	}
	judge(t, want, answers...)
	if want != "" {
		if after := must(os.ReadFile(path)); string(after) != string(before) {
			t.Fatalf("a memory that refuses was written to: %q, then %q", before, after)
		}
	} else if got, ok, err := memory.Highest("router"); err != nil || !ok || got != (attest.BundleVersion{Version: 17, SHA256: sum}) {
		t.Fatalf("accepted, and then %v, %v, %v", got, ok, err)
	}
	return names(list), answers[0]
}

// A pinCase is a pin file, and what was verified later.
type pinCase struct {
	textCase
	differs []string // members
}

func (c *pinCase) base() *textCase { return &c.textCase }

// differ makes a fault of one member: each is a difference of its own.
func differ(step int, member string, value func(c *pinCase, is string) any) fault[*pinCase] {
	return fault[*pinCase]{member, "PinChangedError", step, func(c *pinCase) {
		c.file.Set(member, value(c, fmt.Sprint(c.file.Get(member))))
		c.differs = append(c.differs, member)
	}}
}

func otherDigits(c *pinCase, is string) any {
	return hex.EncodeToString(c.flipped(must(hex.DecodeString(is))))
}

const noPin = "no pin" // the file is refused

var pinFaults = slices.Concat(
	formFaults[*pinCase](noPin, "schema", "origin", "tls_spki_sha256", "snp_measurement", "workload_identity_tag", "trust_bundle_version", "recorded_at"),
	[]fault[*pinCase]{
		{"hex", noPin, 1, func(c *pinCase) {
			name := c.oneOf("tls_spki_sha256", "snp_measurement", "workload_identity_tag")
			is := c.file.Get(name).(string)
			c.file.Set(name, c.oneOf(is[1:], is+"0", is[2:], strings.ToUpper(is[:len(is)-1]+"f"), "0x"+is[2:], is[1:]+" ", ""))
		}},
		{"version", noPin, 1, func(c *pinCase) {
			c.file.Set("trust_bundle_version", document.RawJSON(c.oneOf("0", "-1", "9007199254740992", "17.0", "017", `"17"`)))
		}},
		{"time", noPin, 1, func(c *pinCase) {
			c.file.Set("recorded_at", c.oneOf("", "2026-04-01", "2026-04-01 12:00:00Z", "2026-13-01T00:00:00Z", "2026-04-01T12:00:00", "1775044800"))
		}},
		{"bundle is older", "BundleRollbackError", 2, func(c *pinCase) { c.file.Set("trust_bundle_version", 18+c.IntN(1000)) }},
		differ(3, "origin", func(c *pinCase, is string) any { return c.oneOf(is+"/", is+":443", "http"+is[5:], strings.ToUpper(is)) }),
		differ(4, "tls_spki_sha256", otherDigits),
		differ(5, "snp_measurement", otherDigits),
		differ(6, "workload_identity_tag", otherDigits),
	})

func runPin(t *testing.T, r chance) ([]string, answer) {
	c := &pinCase{textCase: textCase{chance: r}}
	const origin = "https://router.example"
	seen := capture.NewPin(filesEndpoint().result, origin, now)
	c.file = document.Object{
		{"schema", capture.PinSchema}, {"origin", origin}, {"tls_spki_sha256", seen.SPKI}, {"snp_measurement", seen.Measurement},
		{"workload_identity_tag", seen.Tag}, {"trust_bundle_version", 1 + r.IntN(17)}, {"recorded_at", c.moment(-9000*time.Hour, 0)},
	}
	list := faultsOf(r.Rand, pinFaults, map[int][]int{1: {2, 3, 4, 5, 6}})
	want := put(c, list)
	pin, err := capture.ParsePin(c.write())
	if want == noPin {
		var e *rule.Error
		if !errors.As(err, &e) || !strings.HasPrefix(e.Rule, "JSN-") {
			t.Fatalf("%v, want %s", err, want)
		}
		return names(list), answerOf(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if again, err := capture.ParsePin(pin.Encode()); err != nil || again != pin {
		t.Fatalf("%+v is read as %+v, %v", pin, again, err)
	}
	judge(t, want, answerOf(pin.Compare(seen)), answerOf(pin.Compare(seen)))
	var changed *attest.PinChangedError
	if errors.As(pin.Compare(seen), &changed) {
		var found []string
		for _, change := range changed.Changes {
			found = append(found, change.Where)
		}
		if !slices.Equal(found, c.differs) {
			t.Fatalf("%q differ, want %q", found, c.differs)
		}
	}
	return names(list), answerOf(pin.Compare(seen))
}

// A fileCase is an endpoint's evidence in a file.
type fileCase struct {
	textCase
	endpoint *signedCase
}

func (c *fileCase) base() *textCase { return &c.textCase }

const noFile = "no evidence" // the file is refused

var fileMembers = []string{"schema", "origin", "fetched_at", "leaf_der_b64", "envelope_b64", "bundle_jws", "crls_b64"}

var fileFaults = slices.Concat(formFaults[*fileCase](noFile, fileMembers...), []fault[*fileCase]{
	{"base64", noFile, 1, func(c *fileCase) {
		name := c.oneOf("leaf_der_b64", "envelope_b64", "crls_b64")
		text := c.oneOf("A", "AA", "AA=", "AB==", "AA==\n", "-_==", " AA==", "AA==AA==")
		if c.file.Set(name, text); name == "crls_b64" {
			c.file.Set(name, []string{text})
		}
	}},
	{"leaf", noFile, 1, func(c *fileCase) {
		c.file.Set("leaf_der_b64", base64.StdEncoding.EncodeToString([][]byte{{}, {0x30, 0}, tlsLeaf("tls")[:100], append(tlsLeaf("tls"), 0)}[c.IntN(4)]))
	}},
	{"time", noFile, 1, func(c *fileCase) { c.file.Set("fetched_at", c.oneOf("", "2026-04-01", "2026-04-01T25:00:00Z", "now")) }},
	{"too many CRLs", noFile, 1, func(c *fileCase) { c.file.Set("crls_b64", slices.Repeat([]string{"AA=="}, 9+c.IntN(9))) }},
}, ofEndpoint())

// ofEndpoint are the faults of what is in the file.
func ofEndpoint() (list []fault[*fileCase]) {
	for _, f := range endpointFaults {
		list = append(list, fault[*fileCase]{f.name + ", in the file", f.want, 100 + f.step, func(c *fileCase) { f.put(c.endpoint) }})
	}
	return list
}

// fileApart is endpointApart, for the steps of fileFaults.
var fileApart = func() map[int][]int {
	apart := map[int][]int{}
	for step, others := range endpointApart {
		for _, other := range others {
			apart[100+step] = append(apart[100+step], 100+other)
		}
	}
	return apart
}()

var tlsLeaves = map[string][]byte{}

// tlsLeaf is a certificate for a TLS key.
func tlsLeaf(name string) []byte {
	if tlsLeaves[name] == nil {
		key := mint.P256Key(name)
		template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
		tlsLeaves[name] = must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	}
	return slices.Clone(tlsLeaves[name])
}

// unset is what a member has that no fault has set.
const unset = document.RawJSON("0")

func runFile(t *testing.T, r chance) ([]string, answer) {
	c := &fileCase{textCase: textCase{chance: r}, endpoint: newSignedCase(r)}
	for _, name := range fileMembers {
		c.file.Add(name, unset)
	}
	c.file.Set("schema", capture.EvidenceSchema)
	list := faultsOf(r.Rand, fileFaults, fileApart)
	want := put(c, list)
	e := c.endpoint.evidence()
	leaf, crls := tlsLeaf("tls"), []string{}
	if c.endpoint.live != c.endpoint.SPKI {
		leaf = tlsLeaf(fmt.Sprint("tls ", r.IntN(4)))
	}
	for _, crl := range e.CRLs {
		crls = append(crls, base64.StdEncoding.EncodeToString(crl))
	}
	for _, m := range []document.Member{
		{"origin", c.oneOf("", "https://router.example")}, {"fetched_at", now.Format(time.RFC3339)}, {"leaf_der_b64", base64.StdEncoding.EncodeToString(leaf)},
		{"envelope_b64", base64.StdEncoding.EncodeToString(e.Envelope)}, {"bundle_jws", string(e.Bundle)}, {"crls_b64", crls},
	} {
		if c.file.Get(m[0].(string)) == unset {
			c.file.Set(m[0].(string), m[1])
		}
	}
	read, err := capture.ParseEvidence(c.write())
	if want == noFile {
		if err == nil || read != nil {
			t.Fatalf("read a file with %q", names(list))
		}
		return names(list), answer{kind: want}
	}
	if err != nil {
		t.Fatal(err)
	}
	answers := c.endpoint.verify(t, read.Evidence)
	judge(t, want, answers...)
	if again, err := capture.ParseEvidence(read.Encode()); err != nil || string(again.Encode()) != string(read.Encode()) {
		t.Fatalf("not what was written: %v", err)
	}
	return names(list), answers[0]
}
