package certchain

// Limits on input, checked before anything is parsed (GEN-04). AMD's certificates have
// 1289 to 1683 bytes.
const (
	MaxCertificate = 8 << 10   // bytes of one DER certificate
	maxPEM         = 64 << 10  // bytes of PEM text
	maxBlocks      = 8         // PEM blocks in one text
	MaxChain       = 3         // certificates in one chain
	maxCRL         = 128 << 10 // bytes of one DER CRL
	maxSerial      = 20        // bytes of a serial or CRL number, RFC 5280 section 4.1.2.2
	maxText        = 255       // bytes of productName or cspID
)
