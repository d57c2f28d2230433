package policy

import (
	"crypto/ecdsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"errors"

	"github.com/google/go-sev-guest/abi"
	"github.com/google/go-sev-guest/proto/sevsnp"
	"github.com/google/go-sev-guest/validate"

	"github.com/tresorhq/attest/internal/mint"
)

// idKey and authorKey are leaf certificates whose keys stand for those that sign
// ID blocks. Ours takes the digests that stand in a report.
var idKey, authorKey = keyOf("Milan"), keyOf("Genoa")

type key struct {
	cert   *x509.Certificate
	digest [48]byte
}

func keyOf(product string) key {
	cert, err := x509.ParseCertificate(mint.Evidence(product, 3, "vcek").Leaf)
	if err != nil {
		panic(err)
	}
	raw, err := abi.EcdsaPublicKeyToBytes(cert.PublicKey.(*ecdsa.PublicKey))
	if err != nil {
		panic(err)
	}
	return key{cert, sha512.Sum384(raw)}
}

func (k key) hex() string { return hex.EncodeToString(k.digest[:]) }

func withID(s *mint.ReportSpec) { s.IDKeyDigest = idKey.digest }

func withBoth(s *mint.ReportSpec) {
	withID(s)
	s.AuthorKeyDigest = authorKey.digest
	s.KeyInfo |= 1 // AUTHOR_KEY_EN
}

func withOthers(s *mint.ReportSpec) {
	withBoth(s)
	s.IDKeyDigest[0]++
	s.AuthorKeyDigest[0]++
}

// keys are the options about the ID block, and about the certificate table.
func keys() []Option {
	ids := []Case{
		same("this ID key", true, withID), same("this ID key, and an author", true, withBoth),
		same("another ID key", false, withOthers), same("no ID block", false, unchanged),
	}
	authors := []Case{
		same("this author", true, withBoth), same("another author", false, withOthers), same("no author", false, withID),
		same("this digest without AUTHOR_KEY_EN", false, func(s *mint.ReportSpec) { withBoth(s); s.KeyInfo &^= 1 }),
	}
	oursID, oursAuthor := `"id_block": {"id_keys": ["`+idKey.hex()+`"]}`, `"id_block": {"require_author_key": true, "author_keys": ["`+authorKey.hex()+`"]}`
	return []Option{
		{
			Name: "RequireIDBlock, TrustedIDKeyHashes", Ours: oursID, Cases: ids,
			Theirs: func(o *validate.Options) { o.RequireIDBlock, o.TrustedIDKeyHashes = true, [][]byte{idKey.digest[:]} },
		},
		{
			Name: "TrustedIDKeys", Ours: oursID, Cases: ids,
			Theirs: func(o *validate.Options) { o.RequireIDBlock, o.TrustedIDKeys = true, []*x509.Certificate{idKey.cert} },
		},
		{
			Name: "RequireAuthorKey, TrustedAuthorKeyHashes", Ours: oursAuthor, Cases: authors,
			Theirs: func(o *validate.Options) {
				o.RequireAuthorKey, o.TrustedAuthorKeyHashes = true, [][]byte{authorKey.digest[:]}
			},
		},
		{
			Name: "TrustedAuthorKeys", Ours: oursAuthor, Cases: authors,
			Theirs: func(o *validate.Options) {
				o.RequireAuthorKey, o.TrustedAuthorKeys = true, []*x509.Certificate{authorKey.cert}
			},
		},
		{
			Name: "RequireIDBlock without keys", Ours: `"id_block": {"require": true}`, Theirs: func(o *validate.Options) { o.RequireIDBlock = true },
			Cases: []Case{
				same("no ID block", false, unchanged),
				{"any ID block", withID, true, false, "without a list they refuse all; to us it says that there must be one"},
			},
		},
		{
			Name: "TrustedIDKeyHashes and TrustedAuthorKeyHashes", Ours: `"id_block": {"id_keys": ["` + idKey.hex() + `"], "author_keys": ["` + authorKey.hex() + `"]}`,
			Theirs: func(o *validate.Options) {
				o.RequireIDBlock, o.TrustedIDKeyHashes, o.TrustedAuthorKeyHashes = true, [][]byte{idKey.digest[:]}, [][]byte{authorKey.digest[:]}
			},
			Cases: []Case{
				same("both", true, withBoth), same("neither", false, withOthers),
				{"the ID key alone", withID, false, true, "each list of ours is a demand; either of two takes two policy files, of which a report must meet one"},
			},
		},
		{
			Name: "CertTableOptions", Ours: `"report_data_tail_zero": false`,
			Theirs: func(o *validate.Options) {
				o.CertTableOptions = map[string]*validate.CertEntryOption{"00000000-0000-c0de-0000-000000000000": {
					Kind:     validate.CertEntryRequire,
					Validate: func(*sevsnp.Attestation, []byte) error { return errors.New("no such entry") },
				}}
			},
			Cases: []Case{{"an entry is missing", unchanged, true, false, "a file can't call a function; other entries of the table are nobody's evidence, and their reader can look at them (form.ParseCertTable)"}},
		},
	}
}
