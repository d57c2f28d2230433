package receipt

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/steps"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/rule"
)

// maxAhead is how far in the future a receipt may have been issued.
const maxAhead = 5 * time.Minute

// Config says whom to trust. Its zero value is refused.
// Rules: RCP-12.
type Config struct {
	// Keys are the service's key set, as jws.ParseJWKS returns it: each has a kid,
	// and no two the same.
	Keys []jws.Key
	// ReleaseRoots may sign trust bundles. Without them, what a receipt embeds is
	// not verified.
	ReleaseRoots []ed25519.PublicKey
	// MaxAge refuses receipts that are older; 0: the age is not judged.
	MaxAge time.Duration
}

// Evidence is a receipt, and what it is said to be for.
type Evidence struct {
	// Receipt is the compact JWS, or the JSON object {"id", "receipt"}.
	Receipt []byte
	// Request and Response are the exact bytes of the bodies, without any transfer
	// or content encoding. Nil: the digest is not checked. Empty bytes are a body.
	Request, Response []byte
}

// A Verifier verifies receipts. It may be used concurrently.
type Verifier struct{ config Config }

// NewVerifier checks and copies its argument. A key that is in the key set and a
// release root too is refused: it could sign one document as the other. The error
// is an ordinary one, and no attest.AttestationError; where a rule of SPEC.md is
// broken, its method Rule() string returns it.
// Rules: RCP-13.
func NewVerifier(c Config) (*Verifier, error) {
	c.Keys = slices.Clone(c.Keys)
	switch {
	case len(c.Keys) == 0:
		return nil, errors.New("receipt: no keys: nothing could sign a receipt")
	case c.MaxAge < 0:
		return nil, errors.New("receipt: MaxAge is negative")
	}
	for i, k := range c.Keys {
		if k.ID() == "" || slices.ContainsFunc(c.Keys[:i], func(l jws.Key) bool { return l.ID() == k.ID() }) {
			return nil, fmt.Errorf("receipt: key %d has no kid of its own", i+1)
		}
	}
	var roots []ed25519.PublicKey // a copy of the keys, not only of the list
	var taken []jws.Key
	for i, root := range c.ReleaseRoots {
		root = slices.Clone(root)
		k, err := jws.NewEd25519Key(root)
		if err != nil {
			return nil, fmt.Errorf("receipt: release root %d: %w", i+1, err)
		}
		if slices.ContainsFunc(c.Keys, k.Equal) {
			return nil, rule.Config(&rule.Error{Rule: "RCP-13", Message: fmt.Sprintf("release root %d is in the key set for receipts too", i+1)})
		}
		if slices.ContainsFunc(taken, k.Equal) {
			return nil, fmt.Errorf("receipt: release root %d is given twice", i+1)
		}
		roots, taken = append(roots, root), append(taken, k)
	}
	c.ReleaseRoots = roots
	return &Verifier{c}, nil
}

// Verify verifies a receipt at the time at. The error of the first check that
// fails, in the order of the package documentation, is an
// *ReceiptSignatureInvalidError about framing, header, key or signature, an
// *ReceiptInvalidError about the JSON around it, the payload, id, iat or
// age, an *ReceiptDigestMismatchError or, about embedded documents, one of
// those of attest.OpenBundle, attest.OpenManifest and attest.Bundle.CheckTag, or an
// *attest.WorkloadMismatchError. A zero time, or a Verifier that was not made by
// NewVerifier, is an ordinary error. On error the result is nil.
func (v *Verifier) Verify(e Evidence, at time.Time) (*Result, error) {
	a := v.verify(e, at, false)
	return a.Result, a.Err
}

// Audit is Verify, but carries out every step whose input was verified, and
// reports on all.
func (v *Verifier) Audit(e Evidence, at time.Time) *Audit { return v.verify(e, at, true) }

func (v *Verifier) verify(e Evidence, at time.Time, audit bool) *Audit {
	if v == nil || len(v.config.Keys) == 0 {
		return &Audit{Err: errors.New("receipt: a Verifier is made by NewVerifier")}
	}
	if at.IsZero() {
		return &Audit{Err: errors.New("receipt: the time of verification is not set")}
	}
	s := &session{Verifier: v, evidence: e, at: at, result: &Result{At: at}}
	checks, err := steps.Run(table, s, audit)
	a := &Audit{Checks: checks, Err: err}
	if err == nil {
		a.Result = s.fillResult(checks)
	}
	return a
}

// session is what one verification has found so far.
type session struct {
	*Verifier
	evidence Evidence
	at       time.Time

	id      string // beside the receipt, or ""
	message *jws.Message
	payload []byte // signature checked
	claims  *claims
	result  *Result
}

// Each method below is one step, in their order.

func (s *session) parse() (steps.Outcome, error) {
	compact, id, err := unwrap(s.evidence.Receipt)
	if err != nil {
		return steps.Outcome{}, err
	}
	if s.message, err = jws.Parse(compact, kind); err != nil {
		return steps.Outcome{}, badSignature(err, "the receipt is malformed")
	}
	s.id = id
	return steps.Outcome{}, nil
}

func (s *session) checkSignature() (steps.Outcome, error) {
	id := s.message.KeyID()
	i := slices.IndexFunc(s.config.Keys, func(k jws.Key) bool { return k.ID() == id })
	if i < 0 {
		actual := "none"
		if id != "" {
			actual = strictjson.Quote(id)
		}
		return steps.Outcome{}, &ReceiptSignatureInvalidError{Failure: attest.Failure{
			Rule: "RCP-11", Message: "the receipt's kid names no key of the key set", Expected: fmt.Sprintf("one of %d", len(s.config.Keys)), Actual: actual,
		}}
	}
	payload, _, err := s.message.Verify(s.config.Keys[i])
	if err != nil {
		return steps.Outcome{}, badSignature(err, "the key that the receipt names did not sign it")
	}
	s.payload = payload
	return steps.Outcome{Actual: "key " + strictjson.Quote(id)}, nil
}

func (s *session) parsePayload() (_ steps.Outcome, err error) {
	s.claims, err = parseClaims(s.payload)
	return steps.Outcome{}, err
}

func (s *session) checkID() (steps.Outcome, error) {
	switch s.id {
	case "":
		return steps.Outcome{Status: attest.NotApplicable, Reason: "the receipt came without an id beside it"}, nil
	case s.claims.id:
		return steps.Outcome{Actual: strictjson.Quote(s.id)}, nil
	}
	return steps.Outcome{}, invalid("RCP-03", "id is not the jti of the receipt", strictjson.Quote(s.claims.id), strictjson.Quote(s.id))
}

func (s *session) checkTime() (steps.Outcome, error) {
	if ahead := s.claims.issuedAt.Sub(s.at); ahead > maxAhead {
		return steps.Outcome{}, invalid("RCP-30", "the receipt is from the future", "iat at most "+maxAhead.String()+" ahead", ahead.String())
	}
	return steps.Outcome{Actual: "issued " + s.claims.issuedAt.Format(time.RFC3339)}, nil
}

func (s *session) checkAge() (steps.Outcome, error) {
	age := s.at.Sub(s.claims.issuedAt)
	switch {
	case s.config.MaxAge == 0:
		return steps.Outcome{Status: attest.NotChecked, Reason: "no greatest age was given"}, nil
	case age > s.config.MaxAge:
		return steps.Outcome{}, invalid("RCP-31", "the receipt is too old", "an age of at most "+s.config.MaxAge.String(), age.String())
	}
	return steps.Outcome{Actual: age.String()}, nil
}

func (s *session) checkRequest() (steps.Outcome, error) {
	return checkDigest("request", s.claims.request, s.evidence.Request)
}

func (s *session) checkResponse() (steps.Outcome, error) {
	return checkDigest("response", s.claims.response, s.evidence.Response)
}

func checkDigest(what, claimed string, body []byte) (steps.Outcome, error) {
	if body == nil {
		return steps.Outcome{Status: attest.NotChecked, Reason: "the " + what + " was not given"}, nil
	}
	actual := digestText(sha256.Sum256(body))
	switch claimed {
	case actual:
		return steps.Outcome{Actual: actual}, nil
	case "":
		return steps.Outcome{}, &ReceiptDigestMismatchError{Failure: attest.Failure{
			Rule: "RCP-41", Message: "the receipt has no " + what + "_digest, so it is not about this " + what, Expected: actual, Actual: "none",
		}}
	}
	return steps.Outcome{}, &ReceiptDigestMismatchError{Failure: attest.Failure{
		Rule: "RCP-40", Message: "the receipt is about another " + what, Expected: claimed, Actual: actual,
	}}
}

func (s *session) checkRouter() (steps.Outcome, error) {
	f, err := s.checkEmbedded(s.claims.router, &s.result.Router)
	return f, within("router_attestation", err)
}

func (s *session) checkInference() (steps.Outcome, error) {
	f, err := s.checkEmbedded(s.claims.inference, &s.result.Inference)
	return f, within("inference_attestation", err)
}

// checkEmbedded verifies what an attestation embeds, against the pinned roots,
// for the time at which the receipt was issued.
// Rules: RCP-51, RCP-52, RCP-53.
func (s *session) checkEmbedded(e embedded, to *Attestation) (steps.Outcome, error) {
	switch {
	case e.opaque:
		return steps.Outcome{Status: attest.NotChecked, Reason: "it is a string, which is not interpreted"}, nil
	case len(s.config.ReleaseRoots) == 0:
		return steps.Outcome{Status: attest.NotChecked, Reason: "no release root was given"}, nil
	case e.bundle == nil:
		if e.hasTag && e.manifest != nil && e.workload != "" {
			if _, err := attest.OpenManifest(e.manifest, e.tag, e.workload); err != nil {
				return steps.Outcome{}, err
			}
		}
		return steps.Outcome{Status: attest.NotChecked, Reason: "no trust bundle is embedded that could say what is allowed"}, nil
	}
	bundle, err := attest.OpenBundle(e.bundle, s.config.ReleaseRoots, s.claims.issuedAt)
	if err != nil {
		return steps.Outcome{}, err
	}
	if e.workload != "" && e.workload != bundle.Workload {
		return steps.Outcome{}, &attest.WorkloadMismatchError{
			Failure: attest.Failure{
				Rule: "WKL-01", Message: "the embedded trust bundle is for another workload",
				Expected: strictjson.Quote(bundle.Workload), Actual: strictjson.Quote(e.workload),
			},
			Workload: e.workload,
		}
	}
	f := steps.Outcome{Actual: fmt.Sprintf("trust bundle version %d", bundle.Version)}
	var manifest *attest.Manifest
	if !e.hasTag && e.manifest != nil {
		e.tag, e.hasTag = sha256.Sum256(e.manifest), true
	}
	if !e.hasTag {
		f.Reason = "it has no workload identity tag that could be looked up"
	} else if err := bundle.CheckTag(e.tag); err != nil {
		return steps.Outcome{}, err
	}
	if e.manifest != nil {
		if manifest, err = attest.OpenManifest(e.manifest, e.tag, bundle.Workload); err != nil {
			return steps.Outcome{}, err
		}
	}
	*to = Attestation{Bundle: bundle, Tag: e.tag, Manifest: manifest}
	return f, nil
}

// within says in an error about an embedded document which attestation embeds it.
func within(name string, err error) error {
	var e interface{ Within(part string) }
	if errors.As(err, &e) {
		e.Within(name)
	}
	return err
}

func invalid(id, message, expected, actual string) error {
	return &ReceiptInvalidError{Failure: attest.Failure{Rule: id, Message: message, Expected: expected, Actual: actual}}
}

// badSignature makes the error of package jws, about the framing as much as about
// the signature, one of this: nothing of a receipt is known before both hold.
// Rules: RCP-01, RCP-10.
func badSignature(err error, message string) error {
	return &ReceiptSignatureInvalidError{Failure: rule.From(err, "RCP-10", message)}
}
