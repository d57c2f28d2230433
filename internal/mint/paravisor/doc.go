// Package paravisor makes the evidence of Azure confidential VMs, right and wrong: HCL
// reports, runtime data and quotes of a virtual TPM, around the evidence of package mint.
// Like that package it shares no code with the parsers.
package paravisor
