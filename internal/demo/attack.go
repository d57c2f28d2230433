package demo

import (
	"errors"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
)

// An Attack is an attack on an enclave, and how the verifier answered it.
type Attack struct {
	Name     string `json:"name"`
	About    string `json:"about"`
	Expected string `json:"expected"`
	Error    string `json:"error"`
	Message  string `json:"message"`
	Refused  bool   `json:"refused"` // for the right reason
}

// Attacks spoils one thing after the other. Each attack is of an enclave of its own.
func Attacks(config attesttest.Config) (attacks []Attack, err error) {
	for _, fault := range attesttest.Faults() {
		if !fault.Fits(config) {
			continue
		}
		enclave, err := attesttest.New(config, fault)
		if err != nil {
			return nil, err
		}
		verifier, err := enclave.Verifier()
		if err != nil {
			return nil, err
		}
		a := Attack{Name: string(fault), About: fault.About(), Expected: fault.ErrorType()}
		_, err = verifier.Verify(enclave.Evidence(), enclave.Now())
		if refusal, ok := errors.AsType[attest.AttestationError](err); ok {
			a.Error, a.Message = attest.ErrorType(refusal), refusal.Error()
		}
		a.Refused = a.Error != "" && a.Error == a.Expected
		attacks = append(attacks, a)
	}
	return attacks, nil
}
