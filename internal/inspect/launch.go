package inspect

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/launch"
)

// artefacts are what guests are launched from, what their owners sign, and keys: what
// tells each, and what shows it.
var artefacts = []struct {
	is   func(b []byte) bool
	show func(b []byte) (kind string, nodes []Node, err error)
}{
	{launch.IsFirmware, showFirmware},
	{func(b []byte) bool { return bytes.HasPrefix(b, []byte("IGVM")) }, showIGVM},
	{func(b []byte) bool { return len(b) == launch.IDBlockSize && bytes.IndexByte(b, 0) >= 0 }, showIDBlock},           // a text of as many bytes is none
	{func(b []byte) bool { return len(b) == launch.IDAuthSize && bytes.HasPrefix(b, []byte{1, 0, 0, 0}) }, showIDAuth}, // nor is a certificate table that fills a page
	{func(b []byte) bool { return bytes.HasPrefix(b, []byte("-----BEGIN PUBLIC KEY-----")) }, showKey},
}

// detectArtefact returns what shows b, or nil. ID blocks may be in base64.
func detectArtefact(b []byte) func() (string, []Node, error) {
	if raw, err := base64.StdEncoding.Strict().DecodeString(string(cli.TrimLine(b))); err == nil && (len(raw) == launch.IDBlockSize || len(raw) == launch.IDAuthSize) {
		b = raw
	}
	for _, a := range artefacts {
		if a.is(b) {
			return func() (string, []Node, error) { return a.show(b) }
		}
	}
	return nil
}

func number(n uint64) string { return fmt.Sprintf("%#x", n) }

// showFirmware shows firmware as a launch file may name it by its digest.
func showFirmware(b []byte) (string, []Node, error) {
	f, err := launch.ParseFirmware(b)
	if err != nil {
		return "", nil, fmt.Errorf("firmware: %w", err)
	}
	m := f.Metadata
	sections := list("sections")
	for _, s := range m.Sections {
		sections.kids = append(sections.kids, group(s.Type.String(), leaf("gpa", number(uint64(s.GPA))), leaf("size", number(uint64(s.Size))), leaf("type", uint32(s.Type))))
	}
	metadata := group("metadata", sections)
	if m.HashTable != 0 {
		metadata.kids = append(metadata.kids, leaf("hash_table", number(uint64(m.HashTable)), "where the hashes of a kernel are"))
	}
	if m.APReset != 0 {
		metadata.kids = append(metadata.kids, leaf("ap_reset", number(uint64(m.APReset)), "where all processors but the first start"))
	}
	sum := sha256.Sum256(b)
	return "firmware", []Node{
		group("firmware", leaf("launch_hash", f.LaunchHash.String(), "the launch digest after it"), metadata),
		group("image", leaf("size", len(b)), leaf("gpa", number(1<<32-uint64(len(b)))), leaf("sha256", hex.EncodeToString(sum[:]))),
	}, nil
}

func showIGVM(b []byte) (string, []Node, error) {
	f, err := launch.ParseIGVM(b)
	if err != nil {
		return "", nil, fmt.Errorf("IGVM file: %w", err)
	}
	digests := group("launch digests")
	for _, v := range []launch.VMM{launch.HyperV, launch.QEMUIGVM, launch.CHVIGVM} {
		g := launch.Guest{VMM: v, IGVM: f}
		list, err := g.Measure()
		if err != nil {
			return "", nil, fmt.Errorf("IGVM file: %w", err)
		}
		digests.kids = append(digests.kids, leaf(v.String(), list[0].Digest.String(), fmt.Sprintf("%d VMSAs, features %v", list[0].VCPUs, list[0].Features)))
	}
	nodes := []Node{digests}
	if f.IDBlock != nil {
		nodes = append(nodes, idBlockNode(f.IDBlock))
	}
	return "IGVM file", nodes, nil
}

func idBlockNode(b *launch.IDBlock) Node {
	return group("ID block", leaf("launch_digest", b.LaunchDigest.String()), leaf("family_id", hex.EncodeToString(b.FamilyID[:])),
		leaf("image_id", hex.EncodeToString(b.ImageID[:])), leaf("guest_svn", b.GuestSVN), leaf("guest_policy", b.Policy.String()))
}

func showIDBlock(b []byte) (string, []Node, error) {
	block, err := launch.ParseIDBlock(b)
	if err != nil {
		return "", nil, fmt.Errorf("ID block: %w", err)
	}
	return "ID block", []Node{idBlockNode(block)}, nil
}

func showIDAuth(b []byte) (string, []Node, error) {
	a, err := launch.ParseIDAuth(b)
	if err != nil {
		return "", nil, fmt.Errorf("ID authentication information: %w", err)
	}
	n := group("ID authentication information", leaf("id_key_digest", a.IDKeyDigest.String()))
	if a.AuthorKeyDigest != (launch.Digest{}) {
		n.kids = append(n.kids, leaf("author_key_digest", a.AuthorKeyDigest.String()))
	}
	return n.key, []Node{n}, nil
}

// showKey shows the digests by which a public key is named.
func showKey(b []byte) (string, []Node, error) {
	block, rest := pem.Decode(b)
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return "", nil, unknown("this is no single public key in PEM")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return "", nil, unknown("this is no public key: " + err.Error())
	}
	spki := sha256.Sum256(block.Bytes)
	n := group("public key", leaf("spki_sha256", hex.EncodeToString(spki[:])))
	switch key := key.(type) {
	case ed25519.PublicKey:
		sum := sha256.Sum256(key)
		n.kids = append(n.kids, leaf("algorithm", "Ed25519"), leaf("key_sha256", hex.EncodeToString(sum[:]), "of the 32 bytes"))
	case *ecdsa.PublicKey:
		n.kids = append(n.kids, leaf("algorithm", key.Params().Name))
		if digest, err := launch.KeyDigest(key); err == nil {
			n.kids = append(n.kids, leaf("id_key_digest", digest.String(), "ID_KEY_DIGEST or AUTHOR_KEY_DIGEST of a report"))
		}
	default:
		n.kids = append(n.kids, leaf("algorithm", fmt.Sprintf("%T", key)))
	}
	return "public key", []Node{n}, nil
}
