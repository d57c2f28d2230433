package launch_test

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/launch"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
)

// A launch file without other files: the digest after the firmware stands for it. The
// result is what a verifier may demand.
func Example() {
	f, err := launch.ParseFile([]byte(`{"schema": "attest.launch/v1", "vmm": "ec2-rdx0", "vcpus": [4], "firmware": ` + seedFirmware + `}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	list, err := f.Guest.Measure()
	if err != nil {
		fmt.Println(err)
		return
	}
	var demanded []attest.LaunchMeasurement
	for _, m := range list {
		fmt.Println(m, m.Digest.String()[:16])
		demanded = append(demanded, attest.LaunchMeasurement{Measurement: m.Digest, Label: m.String()})
	}
	_, err = attest.NewReportVerifier(attest.ReportConfig{Policy: policy.Default(), Launch: demanded})
	fmt.Println(err)
	// Output:
	// vmm=ec2-rdx0 vcpus=4 features=0x1 25ac810f5c475089
	// <nil>
}

// The launch that gives a MEASUREMENT is found, whatever is open.
func ExampleGuest_Explain() {
	f, err := launch.ParseFile([]byte(`{"schema": "attest.launch/v1", "firmware": ` + seedFirmware + `}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	measurement, _ := hex.DecodeString("25ac810f5c4750890fb1a158f097962e04d4d7fb640d1d08a99829cf4a70543a47cc6fb192bbe90aa713142361a66155")
	list, err := f.Guest.Explain(launch.Digest(measurement))
	fmt.Println(list, err)
	// Output: [vmm=ec2-rdx0 vcpus=4 features=0x1] <nil>
}

// What is refused names the rule, the field and its offset.
func ExampleParseFirmware() {
	_, err := launch.ParseFirmware(make([]byte, 4096))
	var e *rule.Error
	if errors.As(err, &e) {
		fmt.Printf("%s: %s at %#x\n", e.Rule, e.Where, e.Offset)
	}
	// Output: LCH-11: footer GUID at 0xfd0
}
