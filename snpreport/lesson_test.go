package snpreport_test

import (
	"errors"
	"testing"

	"github.com/tresorhq/attest/snpreport"
)

// Lesson: the signature was checked over a re-encoded report, which writes the
// reserved bytes of TCB versions as zero, so that anyone could set them.
func TestReservedTCBBytesAreSigned(t *testing.T) {
	key := testKey()
	b := blank(3)
	sign(t, key, b)
	for _, field := range []int{0x038, 0x180, 0x1E0, 0x1F0} {
		for i := range 8 {
			b[field+i] ^= 1
			r := parse(t, b) // kept: policy judges them
			if r.Marshal() != [size]byte(b) {
				t.Errorf("byte %d of the TCB at %#x is lost", i, field)
			}
			wantSignature(t, "TCB byte", r, &key.PublicKey, "RPT-23")
			b[field+i] ^= 1
		}
	}
}

// Lesson: the TCB layout was chosen by report version, and version 4 from Milan
// was read, and signed again, as Turin.
// Rules: RPT-24.
func TestTCBLayoutFollowsTheProduct(t *testing.T) {
	eachVersion(t, func(t *testing.T, version byte) {
		b := set(0x180, 1, 2, 3, 4, 0, 0, 7, 8)(blank(version))
		r := parse(t, b)
		for p, want := range map[snpreport.Product]uint8{snpreport.Milan: 7, snpreport.Genoa: 7, snpreport.Turin: 4} {
			if got, ok := tcb(t, p, r.ReportedTCB).Level(snpreport.SNP); !ok || got != want {
				t.Errorf("%v: snp is %d, want %d", p, got, want)
			}
		}
	})
}

// Lesson: Turin was not understood: it has an FMC level, and 8 bytes of CHIP_ID.
func TestTurin(t *testing.T) {
	b := set(0x188, 0x1a, 0x02, 0x01)(set(0x180, 1, 2, 3, 4, 0, 0, 0, 81)(blank(5)))
	r := parse(t, b)
	die, ok := r.Die()
	if !ok {
		t.Fatal("no die")
	}
	p, err := die.Product()
	if err != nil || p != snpreport.Turin || p.ChipIDSize() != 8 {
		t.Fatalf("%v, %v, %d bytes", p, err, p.ChipIDSize())
	}
	if got, want := tcb(t, p, r.ReportedTCB).String(), "fmc=1 bootloader=2 tee=3 snp=4 microcode=81"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Lesson: an unknown PLATFORM_INFO bit was a parse error, until genuine Turins
// came with bit 6. The same for POLICY: AMD gives bits meaning without a new
// report version. Policy judges them.
func TestUnknownBitsAreKept(t *testing.T) {
	eachVersion(t, func(t *testing.T, version byte) {
		for bit := range 64 {
			b := blank(version)
			b[0x008+bit/8], b[0x040+bit/8] = 1<<(bit%8), 1<<(bit%8)
			r := parse(t, b)
			if r.GuestPolicy != 1<<bit || r.PlatformInfo != 1<<bit {
				t.Errorf("bit %d: POLICY %v, PLATFORM_INFO %v", bit, r.GuestPolicy, r.PlatformInfo)
			}
		}
	})
}

// Lesson: a parser that demands zeros broke on every new report version, with
// an error that says nothing. A new version is refused as such, before its
// bytes are judged, and an unknown layout under an old version has rules of
// its own.
func TestANewVersionIsRefusedByItsNumber(t *testing.T) {
	for version := byte(6); version != 0; version++ {
		b := filled(5)
		b[0], b[0x208] = version, 1 // where version 6 puts new fields
		got := parseErr(t, b)
		if got.Rule != "RPT-02" || errors.Is(got, snpreport.ErrUnsupported) != (version == 6) {
			t.Errorf("version %d: %v (%s)", version, got, got.Rule)
		}
	}
}

// Lesson: the stepping was compared with the product's name in the leaf. A
// stepping decides nothing.
func TestSteppingPlaysNoPart(t *testing.T) {
	for stepping := range 256 {
		p, err := snpreport.CPUID{Family: 0x19, Model: 1, Stepping: uint8(stepping)}.Product()
		if p != snpreport.Milan || err != nil {
			t.Errorf("stepping %d: %v, %v", stepping, p, err)
		}
	}
}

// Lesson: ranges of models ended one too early, or held single models only:
// Bergamo, Siena and Turin Dense were unknown.
func TestDiesThatWereForgotten(t *testing.T) {
	for c, want := range map[snpreport.CPUID]snpreport.Product{
		{Family: 0x19, Model: 0x00}: snpreport.Milan,
		{Family: 0x19, Model: 0x0f}: snpreport.Milan,
		{Family: 0x19, Model: 0x10}: snpreport.Genoa,
		{Family: 0x19, Model: 0x1f}: snpreport.Genoa,
		{Family: 0x19, Model: 0xa0}: snpreport.Genoa,
		{Family: 0x19, Model: 0xaf}: snpreport.Genoa,
		{Family: 0x1a, Model: 0x00}: snpreport.Turin,
		{Family: 0x1a, Model: 0x11}: snpreport.Turin,
		{Family: 0x1a, Model: 0x1f}: snpreport.Turin,
	} {
		if p, err := c.Product(); p != want || err != nil {
			t.Errorf("%v: %v, %v; want %v", c, p, err, want)
		}
	}
}

// Lesson: the bits of SMT and TSME were swapped.
func TestSMTIsBitZero(t *testing.T) {
	if r := parse(t, set(0x040, 1)(blank(3))); r.PlatformInfo != snpreport.PlatformSMTEn {
		t.Errorf("bit 0 alone: %v", r.PlatformInfo)
	}
	if r := parse(t, set(0x040, 2)(blank(3))); r.PlatformInfo != snpreport.PlatformTSMEEn {
		t.Errorf("bit 1 alone: %v", r.PlatformInfo)
	}
}

// Lesson: what an old report can not say was shown as "false".
func TestOldReportsDontSayNo(t *testing.T) {
	alias := snpreport.PlatformInfoBits()[5]
	if r := parse(t, blank(2)); r.PlatformInfoState(alias) != snpreport.Unknown {
		t.Error("a version 2 report denies the alias check")
	}
	if r := parse(t, set(0x1E8, 29, 55, 1)(blank(3))); r.PlatformInfoState(alias) != snpreport.Clear {
		t.Error("a version 3 report doesn't deny the alias check")
	}
	if _, ok := parse(t, blank(2)).Die(); ok {
		t.Error("a version 2 report has a die")
	}
	if _, _, ok := parse(t, blank(4)).Mitigations(); ok {
		t.Error("a version 4 report has mitigations")
	}
	if launch, current, ok := parse(t, set(0x200, 2)(set(0x1F8, 1)(blank(5)))).Mitigations(); launch != 1 || current != 2 || !ok {
		t.Error("a version 5 report has none")
	}
}

// What was written to a Report after it was parsed is not received.
func TestReceived(t *testing.T) {
	for version := byte(2); version <= 5; version++ {
		r := parse(t, set(0x1A0, 7)(blank(version)))
		before := *r
		r.Version, r.KeyInfo, r.ReportedTCB, r.ChipID = 0, 0xff, snpreport.TCBVersion{9}, [64]byte{8}
		if got := r.Received(); got == nil || *got != before || got == r {
			t.Errorf("version %d: %+v", version, got)
		}
	}
	if (*snpreport.Report)(nil).Received() != nil || new(snpreport.Report).Received() != nil || (&snpreport.Report{Version: 5}).Received() != nil {
		t.Error("a Report that was not parsed was received")
	}
}

// Lesson: the firmware's build was read as its major. The order in the report
// is build, minor, major.
func TestFirmwareByteOrder(t *testing.T) {
	r := parse(t, set(0x1EC, 21, 52, 2)(set(0x1E8, 29, 55, 1)(blank(3))))
	if got := r.CurrentFirmware.String(); got != "1.55.29" {
		t.Errorf("current is %s", got)
	}
	if got := r.CommittedFirmware.String(); got != "2.52.21" {
		t.Errorf("committed is %s", got)
	}
}

// Lesson: a report that the host asked for was taken for the guest's.
func TestHostRequestedReportIsRefused(t *testing.T) {
	eachVersion(t, func(t *testing.T, version byte) {
		key := testKey()
		b := set(0x30, 0xff, 0xff, 0xff, 0xff)(filled(version))
		sign(t, key, b)
		if got := parseErr(t, b); got.Rule != "RPT-03" {
			t.Errorf("%v (%s)", got, got.Rule)
		}
	})
}

// Lesson: SIGNING_KEY was not enforced, and an unsigned report (MASK_CHIP_KEY)
// got as far as its signature.
func TestOnlySignedReportsParse(t *testing.T) {
	eachVersion(t, func(t *testing.T, version byte) {
		for keyInfo := range 256 {
			_, err := snpreport.Parse(set(0x48, byte(keyInfo))(blank(version)))
			if want := keyInfo == 0 || keyInfo == 1 || keyInfo == 4 || keyInfo == 5; (err == nil) != want {
				t.Errorf("KEY_INFO %#x: %v", keyInfo, err)
			}
		}
	})
}

// TestNothing: nil and the zero Report are no report. They refuse, and nothing
// panics.
// Rules: GEN-03.
func TestNothing(t *testing.T) {
	var none *snpreport.Report
	for _, r := range []*snpreport.Report{none, new(snpreport.Report)} {
		wantSignature(t, "nothing", r, &testKey().PublicKey, "RPT-21")
		wantSignature(t, "nothing, no key", r, nil, "RPT-20")
		_, die := r.Die()
		_, _, mitigations := r.Mitigations()
		bits := snpreport.GuestPolicyBits()
		if die || mitigations || r.Raw() != [size]byte{} || r.GuestPolicyState(bits[len(bits)-1]) != snpreport.Unknown || r.PlatformInfoState(snpreport.PlatformInfoBits()[7]) != snpreport.Unknown {
			t.Error("nothing says something")
		}
	}
	if err := none.UnmarshalBinary(blank(3)); err == nil {
		t.Error("parsed into nothing")
	}
	var tcb snpreport.TCB
	if _, ok := snpreport.NewTCB(0, nil); ok || tcb.AtLeast(tcb) || tcb.Equal(tcb) || tcb.ReservedZero() || tcb.String() != "" || len(tcb.Components()) != 0 {
		t.Error("the zero TCB is one")
	}
}
