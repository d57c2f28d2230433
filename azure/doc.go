// Package azure verifies SEV-SNP evidence of Azure confidential VMs.
//
// There a paravisor of Microsoft's runs at VMPL 0. It asks for the report, and REPORT_DATA
// is the hash of its runtime data, in which stands the attestation key of the virtual TPM
// that it gives to the guest. The guest speaks through quotes of that TPM:
//
//	AMD's root → VCEK → report → REPORT_DATA = SHA-256(runtime data) ‖ zeros
//	  → attestation key → quote → qualifying data, digest of PCRs → values of PCRs
//
// None of that says anything without a demand on the code at VMPL 0: whoever has an SEV-SNP
// machine can have a hash of runtime data with a key of his own signed by AMD's hardware.
// So a demand of this package needs measurements or ID keys in the policy, and no
// relaxation of debugging, migration or VMPL. Without them runtime data and quote are
// parsed, and nothing of them is a fact.
//
// TDX and other hardware, other key sizes and signature schemes are refused by name; event
// logs are not read. The TPMs of Google's and Amazon's machines are not bound to reports.
// docs/spec/azure.md has the rules (HCL-nn, TPM-nn, AZR-nn).
package azure
