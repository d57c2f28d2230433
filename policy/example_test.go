package policy_test

import (
	"fmt"

	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

// A report is held against a policy file, joined with what a program demands.
func Example() {
	file, err := policy.Parse([]byte(`{
		"schema": "attest.policy/v1",
		"products": ["Genoa", "Turin"],
		"guest_policy": {"forbid": ["smt"]}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	floor := policy.Floor{snpreport.BootLoader: 10, snpreport.TEE: 0, snpreport.SNP: 23, snpreport.Microcode: 84}
	own, err := policy.New(policy.Rules{MinTCB: &policy.Floors{ByProduct: map[snpreport.Product]policy.Floor{snpreport.Genoa: floor}}})
	if err != nil {
		fmt.Println(err)
		return
	}

	facts := good(snpreport.Genoa) // from a verified report and its verified chain
	facts.Report.GuestPolicy |= snpreport.PolicySMT
	facts.Report.CommittedTCB = tcb(snpreport.Genoa, 10, 0, 22, 84, 0)

	outcome := policy.Intersect(file, own).Evaluate(facts)
	fmt.Println(outcome.Accepts())
	for _, v := range outcome.Violations {
		fmt.Printf("%s %s: expected %s, got %s\n", v.Rule, v.Name, v.Expected, v.Actual)
	}
	// Output:
	// false
	// POL-25 guest_policy.forbid smt: expected clear, got set
	// POL-03 min_tcb snp: expected at least 23, got COMMITTED_TCB 22
}

// The file says what is wrong with it, and where.
func ExampleParse() {
	_, err := policy.Parse([]byte(`{"schema": "attest.policy/v1", "report_data_tail_zero": 1}`))
	fmt.Println(err)
	_, err = policy.Parse([]byte(`{"schema": "attest.policy/v1", "vmpl": 0.0}`))
	fmt.Println(err)
	// Output:
	// report_data_tail_zero at offset 0x38: expected a boolean, got a number [JSN-13]
	// vmpl at offset 0x27: expected an integer in plain decimal digits, got "0.0" [JSN-14]
}
