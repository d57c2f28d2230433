package receipt

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tresorhq/attest"
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
	c.Keys, c.ReleaseRoots = slices.Clone(c.Keys), slices.Clone(c.ReleaseRoots)
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
	for i, root := range c.ReleaseRoots {
		k, err := jws.NewEd25519Key(root)
		if err != nil {
			return nil, fmt.Errorf("receipt: release root %d: %w", i+1, err)
		}
		if slices.ContainsFunc(c.Keys, k.Equal) {
			return nil, configError{"RCP-13", fmt.Sprintf("receipt: release root %d is in the key set for receipts too", i+1)}
		}
	}
	return &Verifier{c}, nil
}

// A configError is about a Config: it names a rule of SPEC.md, and is no
// attest.AttestationError, which would be a refusal of evidence.
type configError struct{ rule, text string }

func (e configError) Error() string { return e.text }
func (e configError) Rule() string  { return e.rule }

// Verify verifies a receipt at the time at. The error of the first check that
// fails, in the order of the package documentation, is an
// *attest.ReceiptSignatureInvalidError about framing, header, key or signature, an
// *attest.ReceiptInvalidError about the JSON around it, the payload, id, iat or
// age, an *attest.ReceiptDigestMismatchError or, about embedded documents, one of
// those of attest.OpenBundle, attest.OpenManifest and attest.Bundle.CheckTag, or an
// *attest.WorkloadMismatchError. A zero time, or a Verifier that was not made by
// NewVerifier, is an ordinary error. On error the result is nil.
func (v *Verifier) Verify(e Evidence, at time.Time) (*Result, error) {
	a := v.Audit(e, at)
	return a.Result, a.Err
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

func (s *session) parse() (finding, error) {
	compact, id, err := unwrap(s.evidence.Receipt)
	if err != nil {
		return finding{}, err
	}
	if s.message, err = jws.Parse(compact, kind); err != nil {
		return finding{}, badSignature(err)
	}
	s.id = id
	return finding{}, nil
}

func (s *session) checkSignature() (finding, error) {
	id := s.message.KeyID()
	i := slices.IndexFunc(s.config.Keys, func(k jws.Key) bool { return k.ID() == id })
	if i < 0 {
		actual := "none"
		if id != "" {
			actual = strictjson.Quote(id)
		}
		return finding{}, &attest.ReceiptSignatureInvalidError{Failure: attest.Failure{
			Rule: "RCP-11", Message: "receipt: kid names no key of the key set", Expected: fmt.Sprintf("one of %d", len(s.config.Keys)), Actual: actual,
		}}
	}
	payload, _, err := s.message.Verify(s.config.Keys[i])
	if err != nil {
		return finding{}, badSignature(err)
	}
	s.payload = payload
	return finding{actual: "key " + strictjson.Quote(id)}, nil
}

func (s *session) parsePayload() (_ finding, err error) {
	s.claims, err = parseClaims(s.payload)
	return finding{}, err
}

func (s *session) checkID() (finding, error) {
	switch s.id {
	case "":
		return notApplicable("the receipt came without an id beside it"), nil
	case s.claims.id:
		return finding{actual: strictjson.Quote(s.id)}, nil
	}
	return finding{}, invalid("RCP-03", "id is not the jti of the receipt", strictjson.Quote(s.claims.id), strictjson.Quote(s.id))
}

func (s *session) checkTime() (finding, error) {
	if ahead := s.claims.issuedAt.Sub(s.at); ahead > maxAhead {
		return finding{}, invalid("RCP-30", "the receipt is from the future", "iat at most "+maxAhead.String()+" ahead", ahead.String())
	}
	return finding{actual: "issued " + s.claims.issuedAt.Format(time.RFC3339)}, nil
}

func (s *session) checkAge() (finding, error) {
	age := s.at.Sub(s.claims.issuedAt)
	switch {
	case s.config.MaxAge == 0:
		return notChecked("no greatest age was given"), nil
	case age > s.config.MaxAge:
		return finding{}, invalid("RCP-31", "the receipt is too old", "an age of at most "+s.config.MaxAge.String(), age.String())
	}
	return finding{actual: age.String()}, nil
}

func (s *session) checkRequest() (finding, error) {
	return checkDigest("request", s.claims.request, s.evidence.Request)
}

func (s *session) checkResponse() (finding, error) {
	return checkDigest("response", s.claims.response, s.evidence.Response)
}

func checkDigest(what, claimed string, body []byte) (finding, error) {
	if body == nil {
		return notChecked("the " + what + " was not given"), nil
	}
	actual := digestText(sha256.Sum256(body))
	switch claimed {
	case actual:
		return finding{actual: actual}, nil
	case "":
		return finding{}, &attest.ReceiptDigestMismatchError{Failure: attest.Failure{
			Rule: "RCP-41", Message: "the receipt has no " + what + "_digest, so it is not about this " + what, Expected: actual, Actual: "none",
		}}
	}
	return finding{}, &attest.ReceiptDigestMismatchError{Failure: attest.Failure{
		Rule: "RCP-40", Message: "the receipt is about another " + what, Expected: claimed, Actual: actual,
	}}
}

func (s *session) checkRouter() (finding, error) {
	f, err := s.checkEmbedded(s.claims.router, &s.result.Router)
	return f, within("router_attestation", err)
}

func (s *session) checkInference() (finding, error) {
	f, err := s.checkEmbedded(s.claims.inference, &s.result.Inference)
	return f, within("inference_attestation", err)
}

// checkEmbedded verifies what an attestation embeds, against the pinned roots,
// for the time at which the receipt was issued.
// Rules: RCP-51, RCP-52, RCP-53.
func (s *session) checkEmbedded(e embedded, to *Attestation) (finding, error) {
	switch {
	case e.opaque:
		return notChecked("it is a string, which is not interpreted"), nil
	case len(s.config.ReleaseRoots) == 0:
		return notChecked("no release root was given"), nil
	case e.bundle == nil:
		if e.hasTag && e.manifest != nil && e.workload != "" {
			if _, err := attest.OpenManifest(e.manifest, e.tag, e.workload); err != nil {
				return finding{}, err
			}
		}
		return notChecked("no trust bundle is embedded that could say what is allowed"), nil
	}
	bundle, err := attest.OpenBundle(e.bundle, s.config.ReleaseRoots, s.claims.issuedAt)
	if err != nil {
		return finding{}, err
	}
	if e.workload != "" && e.workload != bundle.Workload {
		return finding{}, &attest.WorkloadMismatchError{
			Failure: attest.Failure{
				Rule: "WKL-01", Message: "the embedded trust bundle is for another workload",
				Expected: strictjson.Quote(bundle.Workload), Actual: strictjson.Quote(e.workload),
			},
			Workload: e.workload,
		}
	}
	f := finding{actual: fmt.Sprintf("trust bundle version %d", bundle.Version)}
	var manifest *attest.Manifest
	if !e.hasTag && e.manifest != nil {
		e.tag, e.hasTag = sha256.Sum256(e.manifest), true
	}
	if !e.hasTag {
		f.reason = "it has no workload identity tag that could be looked up"
	} else if err := bundle.CheckTag(e.tag); err != nil {
		return finding{}, err
	}
	if e.manifest != nil {
		if manifest, err = attest.OpenManifest(e.manifest, e.tag, bundle.Workload); err != nil {
			return finding{}, err
		}
	}
	*to = Attestation{Bundle: bundle, Tag: e.tag, Manifest: manifest}
	return f, nil
}

// within says which attestation an error about an embedded document is of.
func within(name string, err error) error {
	var f *attest.Failure
	switch e := err.(type) {
	case *attest.BundleSignatureInvalid:
		f = &e.Failure
	case *attest.BundleInvalidError:
		f = &e.Failure
	case *attest.BundleExpiredError:
		f = &e.Failure
	case *attest.WorkloadMismatchError:
		f = &e.Failure
	case *attest.IdentityTagNotAllowedError:
		f = &e.Failure
	case *attest.IdentityManifestMismatchError:
		f = &e.Failure
	default: // nil, or no refusal
		return err
	}
	f.Message = name + ": " + f.Message
	return err
}

func invalid(rule, message, expected, actual string) error {
	return &attest.ReceiptInvalidError{Failure: attest.Failure{Rule: rule, Message: message, Expected: expected, Actual: actual}}
}

// badSignature describes an error of package jws, about the framing as much as
// about the signature: nothing of a receipt is known before both hold.
// Rules: RCP-01, RCP-10.
func badSignature(err error) error {
	f := attest.Failure{Rule: "RCP-10", Message: "receipt: " + err.Error(), Cause: err}
	var j *rule.Error
	if errors.As(err, &j) {
		f = attest.Failure{Rule: j.Rule, Message: "receipt: " + j.Where + " is wrong", Expected: j.Expected, Actual: j.Actual, Cause: err}
	}
	return &attest.ReceiptSignatureInvalidError{Failure: f}
}

// clone keeps nil apart from empty.
func (e Evidence) clone() Evidence {
	return Evidence{bytes.Clone(e.Receipt), bytes.Clone(e.Request), bytes.Clone(e.Response)}
}
