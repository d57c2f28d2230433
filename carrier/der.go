package carrier

// Tags of DER that tell what it is. tagVersion is [0], the version of a certificate.
const tagInteger, tagOctets, tagOID, tagSequence, tagVersion = 0x02, 0x04, 0x06, 0x30, 0xA0

type kind int // what DER looks like
const kindOther, kindCertificate, kindCRL, kindPrivateKey kind = 0, 1, 2, 3

// isDER reports whether b starts like a SEQUENCE of 128 bytes or more (CAR-20).
func isDER(b []byte) bool { return len(b) > 1 && b[0] == tagSequence && b[1]&0x80 != 0 }

// element reads one element of DER with a length of at most three bytes. The tag of none is 0.
func element(b []byte) (tag byte, content, rest []byte) {
	if len(b) < 2 {
		return 0, nil, nil
	}
	tag, size, b := b[0], int(b[1]), b[2:]
	if digits := size - 0x80; digits > 0 && digits <= min(3, len(b)) {
		size = 0
		for _, c := range b[:digits] {
			size = size<<8 | int(c)
		}
		b = b[digits:]
	} else if digits >= 0 {
		size = len(b) + 1
	}
	if size > len(b) {
		return 0, nil, nil
	}
	return tag, b[:size], b[size:]
}

// kindOf looks at the tags of the first fields, and at no more.
func kindOf(b []byte) kind {
	tag, body, _ := element(b)
	first, content, rest := element(body)
	inner, _, _ := element(content)
	second, _, _ := element(rest)
	switch {
	case tag != tagSequence:
	case first == tagSequence && inner == tagVersion:
		return kindCertificate
	case first == tagSequence && inner == tagInteger:
		return kindCRL
	case first == tagSequence && inner == tagOID && second == tagOctets: // encrypted PKCS#8
		return kindPrivateKey
	case first == tagInteger && len(content) == 1 && content[0] < 3: // PKCS#8, PKCS#1, SEC 1; PKCS#12 has 3
		return kindPrivateKey
	}
	return kindOther
}
