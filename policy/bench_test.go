package policy_test

import (
	"testing"

	"github.com/tresorhq/attest/policy"
)

func BenchmarkEvaluate(b *testing.B) {
	typical := policy.Intersect(policy.Default(), parse(b, everyMember), parse(b, `"min_tcb": {"Milan": {"bootloader": 4, "tee": 0, "snp": 22, "microcode": 213}}`))
	for name, p := range map[string]policy.Policy{"default": policy.Default(), "typical": typical, "zero": {}} {
		b.Run(name, func(b *testing.B) {
			f := good(milan)
			b.ReportAllocs()
			for b.Loop() {
				if p.Evaluate(f).Accepts() == (name == "zero") {
					b.Fatal("wrong verdict")
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	text := file(everyMember)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := policy.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
