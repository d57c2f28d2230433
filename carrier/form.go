package carrier

// A Form is a form in which evidence is held. Its text is its name in a verdict's JSON.
type Form string

// The forms. The first five are those of SPEC.md section 4.
const (
	Raw           Form = "raw"
	Hex           Form = "hex"
	Base64        Form = "base64"
	GuestResponse Form = "guest-response"
	Extended      Form = "extended"
	Text          Form = "text" // hex or base64 with freedoms; of certificates too
	PEM           Form = "pem"  // armour around a report; certificates
	HCL           Form = "hcl"
	CoCoV1        Form = "coco-az-snp-v1" // Confidential Containers, az-snp-vtpm
	CoCoV2        Form = "coco-az-snp-v2"
	AttestationRS Form = "attestation-rs"
	Numbers       Form = "numbers"
	TinfoilV2     Form = "tinfoil-v2"
	DER           Form = "der"    // certificates: one, or several one behind the other
	Table         Form = "table"  // GHCB certificate table
	THIM          Form = "thim"   // Azure Trusted Hardware Identity Management
	Folder        Form = "folder" // files with certificates, which the caller reads one by one
)

// Limits of an input, in bytes and certificates.
const MaxSize, MaxCertificates = 1 << 20, 32

// A Bag is what an input holds besides a report. Nothing of it is verified.
type Bag struct {
	Form         Form
	Certificates []Certificate
	CRLs         [][]byte // DER, still to be parsed
	PassedOver   []string // what is named and not used
}

// A Certificate is DER that is still to be parsed.
type Certificate struct {
	DER    []byte
	Source string // where in the input it stood, e.g. "vcekCert block 1"
}

// Evidence is what an input that carries a report holds. Nothing of it is verified.
type Evidence struct {
	Bag
	Report []byte // 1184 bytes, still to be parsed; nil where HCL ends before they do
	HCL    []byte // an Azure HCL report, of which Report is a part, or nil
	Quote  *Quote // the TPM quote of an Azure container, or nil
}

// A Quote is TPMS_ATTEST, its signature, and values of the SHA-256 bank by index.
type Quote struct {
	Message, Signature []byte
	PCRs               [][]byte
}
