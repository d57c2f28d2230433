package carrier

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unicode/utf16"

	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/snpreport/form"
)

// reportForms decides the form of a report: by the first row that fits. Rules: FRM-10.
var reportForms = []struct {
	fits func(b []byte) bool
	open func(b []byte) (*Evidence, error)
}{
	{startsWith("HCLA"), openHCL},
	{startsWith("{"), openContainer},
	{startsWith("["), openNumbers},
	{startsWith("-----BEGIN"), openArmour},
	{isUnread, refuseUnread},
	{hasZero, openBinary},
	{func([]byte) bool { return true }, openText},
}

func startsWith(mark string) func([]byte) bool {
	return func(b []byte) bool { return bytes.HasPrefix(b, []byte(mark)) }
}

func hasZero(b []byte) bool { return bytes.IndexByte(b, 0) >= 0 }

// Open takes a report, and all that came with it, out of what carries it. It copies b. Rules: FRM-01 to FRM-26.
func Open(b []byte) (*Evidence, error) {
	text, err := prepare(b)
	if err != nil {
		return nil, err
	}
	if hasMark(b) && (hasZero(text) || startsWith("{")(text) || startsWith("[")(text)) {
		return nil, malformed("FRM-14", "byte order mark", "hex, base64 or PEM behind it", "something else")
	}
	i := 0
	for ; !reportForms[i].fits(text); i++ { // the last one fits everything
	}
	return reportForms[i].open(text)
}

// prepare checks the size of an input and copies it, without a byte order mark, or white space
// before JSON and PEM, in UTF-8. Windows PowerShell writes UTF-16. Rules: FRM-01, FRM-02, FRM-14.
func prepare(b []byte) ([]byte, error) {
	var order binary.ByteOrder = binary.LittleEndian
	trimmed := bytes.TrimLeft(b, " \t\r\n")
	switch {
	case len(b) > MaxSize:
		return nil, malformed("FRM-01", "input", fmt.Sprintf("at most %d bytes", MaxSize), "more")
	case len(trimmed) == 0:
		return nil, unknown("the input is empty", "", "")
	case startsWith("{")(trimmed), startsWith("[")(trimmed), startsWith("-----BEGIN")(trimmed):
		return trimmed, nil // all that is read of it is decoded
	case !hasMark(b):
		return bytes.Clone(b), nil
	case b[0] == 0xEF:
		return bytes.Clone(b[3:]), nil
	case len(b)%2 != 0:
		return nil, malformed("FRM-14", "UTF-16", "an even number of bytes", "an odd one")
	case b[0] == 0xFE:
		order = binary.BigEndian
	}
	var units []uint16
	for pair := range slices.Chunk(b[2:], 2) {
		units = append(units, order.Uint16(pair))
	}
	return []byte(string(utf16.Decode(units))), nil
}

func hasMark(b []byte) bool {
	return startsWith("\xEF\xBB\xBF")(b) || startsWith("\xFF\xFE")(b) || startsWith("\xFE\xFF")(b)
}

// openBinary reads a form of SPEC.md section 4 that is no text. Rules: FRM-11.
func openBinary(b []byte) (*Evidence, error) {
	c, err := form.Open(b)
	form := map[form.Carrier]Form{form.Raw: Raw, form.GuestResponse: GuestResponse, form.Extended: Extended}[c.Form]
	var fault *Failure
	if err == nil && form == "" || errors.As(err, &fault) && fault.Rule == "RPT-01" {
		err = unknown("this is of no known form", "1184 bytes, a guest response, or a report with a certificate table", fmt.Sprintf("%d bytes", len(b)))
	}
	e := &Evidence{Bag: Bag{Form: form}, Report: c.Report}
	if err == nil {
		err = e.addTable(c.Certs)
	}
	return whole(e, err)
}

// openHCL reads an Azure HCL report. Package azure judges it. Rules: FRM-12.
func openHCL(b []byte) (*Evidence, error) {
	const report, end = 0x20, 0x20 + snpreport.Size
	e := &Evidence{Bag: Bag{Form: HCL}, HCL: b}
	if len(b) >= end {
		e.Report = b[report:end:end]
	}
	return e, nil
}

// openCarried reads what text, armour, base64 or gzip holds: bytes of SPEC.md section 4 or HCL, no further layer. Rules: FRM-13.
func openCarried(form Form, b []byte) (*Evidence, error) {
	open := openBinary
	if startsWith("HCLA")(b) {
		open = openHCL
	} else if isUnread(b) {
		open = refuseUnread
	}
	e, err := open(b)
	if err == nil {
		e.Form = form
	}
	return e, err
}
