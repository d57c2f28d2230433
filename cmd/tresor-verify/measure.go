package main

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/artefact"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/held"
	"github.com/tresorhq/attest/internal/inspect"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/launch"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/snpreport/form"
	"github.com/tresorhq/attest/verdict"
)

type measureFlags struct {
	launch               string
	guest                launch.Guest
	files                artefact.Paths
	cmdline, cmdlineFile string
	hasCmdline           bool
	match                string
	idBlock, idAuth      string
	form                 artefact.Form
	explain              bool
}

// parsed is a flag whose value parse reads.
func parsed[T any](to *T, parse func(string) (T, error)) func(string) error {
	return func(s string) (err error) {
		*to, err = parse(s)
		return err
	}
}

func measureCommand() cli.Command {
	f := new(measureFlags)
	return cli.Command{
		Name: "measure", Usage: "--launch FILE | --vmm NAME --vcpus LIST --firmware FILE [flags]", Run: reads(f.run),
		Summary: "compute MEASUREMENT from what is launched",
		About: `Prints the launch digest for each number of virtual processors. A launch file
(attest.launch/v1) names firmware, kernel, initial RAM disk and command line, or an
IGVM file, and how they are launched; flags say the same. --match searches for the
launch that gives the MEASUREMENT of a report: what is not given is tried. Only the
signatures of an ID block are verified.`,
		Words: [][2]string{
			{"sev-snp-measure, snpguest", "tresor-verify measure"},
			{"--ovmf, -o", "--firmware"},
			{"--kernel, -k; --initrd, -i", "--kernel; --initrd"},
			{"--append, -a", "--cmdline, not trimmed; --cmdline-file, byte for byte"},
			{"--vcpus 4, -v 4", "--vcpus 4, or 1,2,4, or 1-8"},
			{"--vcpu-type EPYC-v4", "--cpu EPYC-v4: the model that QEMU shows, not the host's"},
			{"--vcpu-sig 0x800f12", "--cpu 0x800f12"},
			{"--vcpu-family 23 --vcpu-model 1 --vcpu-stepping 2", "--cpu 23/1/2"},
			{"--guest-features 0x1, -g 0x1", "--features 0x1"},
			{"--vmm-type QEMU", "--vmm qemu; before Linux 6.10 on the host: qemu-old-fpu"},
			{"--vmm-type ec2", "--vmm ec2 (RDX 0x600), or ec2-rdx0 (RDX 0, of 2023)"},
			{"--vmm-type gce", "--vmm gce"},
			{"--snp-ovmf-hash, --ovmf-hash", "launch_hash and metadata in the launch file; show FIRMWARE --json prints them"},
			{"--output-format base64", "--base64"},
			{"--mode snp:svsm, igvmmeasure", "--igvm with --vmm hyperv, qemu-igvm or chv-igvm"},
			{"id-block, key-digest", "measure --id-block --id-auth; show KEY"},
		},
		Flags: []cli.Flag{
			cli.Heading("What is launched"),
			cli.Row("launch", "FILE", "a launch file, in place of all flags up to --igvm", cli.Text(&f.launch)),
			cli.Row("vmm", "qemu|qemu-old-fpu|ec2|ec2-rdx0|gce|hyperv|qemu-igvm|chv-igvm", "who launches it", parsed(&f.guest.VMM, launch.ParseVMM)),
			cli.Row("vcpus", "LIST", "how many virtual processors there are at launch: 4, 1,2,4 or 1-8", parsed(&f.guest.VCPUs, launch.ParseVCPUs)),
			cli.Row("cpu", "MODEL", "with qemu: EPYC-v4, 23/1/2 or 0x800f12", parsed(&f.guest.CPU, launch.ParseCPU)),
			cli.Row("features", "HEX", "SEV_FEATURES, 0x1 unless given", parsed(&f.guest.Features, launch.ParseFeatures)),
			cli.Row("firmware", "FILE", "the OVMF image, whole", cli.Text(&f.files.Firmware)),
			cli.Row("kernel", "FILE", "the kernel that is booted directly", cli.Text(&f.files.Kernel)),
			cli.Row("initrd", "FILE", "its initial RAM disk", cli.Text(&f.files.Initrd)),
			cli.Row("cmdline", "TEXT", "its command line, exactly", func(s string) error { f.cmdline, f.hasCmdline = s, true; return nil }),
			cli.Row("cmdline-file", "FILE", "its command line, byte for byte", cli.Text(&f.cmdlineFile)),
			cli.Row("igvm", "FILE", "an IGVM file, in place of all of these but --vmm", cli.Text(&f.files.IGVM)),
			cli.Heading("What it is compared with"),
			cli.Row("match", "FILE|HEX", "search for the launch that gives the MEASUREMENT of this report", cli.Text(&f.match)),
			cli.Row("id-block", "FILE", "verify an ID block, and compare it with digests and report", cli.Text(&f.idBlock)),
			cli.Row("id-auth", "FILE", "its ID authentication information", cli.Text(&f.idAuth)),
			cli.Heading("How it is printed"),
			cli.JSON("as one JSON object"),
			cli.Row("brief", "", "digests alone", cli.Switch(&f.form.Brief)),
			cli.Row("base64", "", "digests in base64", cli.Switch(&f.form.Base64)),
			cli.Row("explain", "", "with what is measured, and the digest after each", cli.Switch(&f.explain)),
		},
		Examples: []string{
			"measure --launch launch.json",
			"measure --vmm qemu --vcpus 1-8 --cpu EPYC-v4 --firmware OVMF.fd --kernel vmlinuz --initrd initrd.img --cmdline console=ttyS0",
			"measure --firmware OVMF.fd --match report.bin",
			"measure --launch launch.json --id-block id.bin --id-auth auth.bin",
		},
	}
}

func (f *measureFlags) run(r *reading) (code int) {
	f.check(r)
	l, warnings := f.read(r)
	digest, report := f.target(r)
	if r.err != nil {
		return 0
	}
	answer := artefact.NewAnswer(r.Program.Tool(), l)
	answer.Warnings = append(answer.Warnings, warnings...)
	var list []launch.Measurement
	var err error
	switch {
	case l == nil:
	case digest != nil:
		if list, err = l.Match(*digest); r.failMeasure(err) {
			return 0
		}
		answer.AddMatches(list)
		l = l.As(list[0])
	default:
		if list, err = l.Guest.Measure(); r.failMeasure(err) {
			return 0
		}
		answer.AddMeasurements(l, list)
	}
	if f.explain && l != nil {
		ranges, err := l.Guest.Ranges()
		r.failMeasure(err)
		answer.AddRanges(ranges)
	}
	if f.idBlock != "" {
		block, auth := readID(r, "--id-block", f.idBlock, launch.IDBlockSize), readID(r, "--id-auth", f.idAuth, launch.IDAuthSize)
		if r.err != nil {
			return 0
		}
		b, a, err := launch.VerifyIDBlock(block, auth, list, report)
		if r.fail(err) {
			return 0
		}
		answer.AddIDBlock(b, a)
	}
	if r.err == nil {
		f.print(r.Call, answer)
	}
	return verdict.ExitVerified
}

// print writes the answer, and its warnings on standard error.
func (f *measureFlags) print(c *cli.Call, a *artefact.Answer) {
	if c.AsJSON {
		c.Object(a)
		return
	}
	for _, w := range a.Warnings {
		c.Note("WARNING: %s", w)
	}
	a.Print(&c.Builder, f.form)
}

// failMeasure makes the error of an artefact, or of a demand of them, one of usage;
// a refusal stays one.
func (r *reading) failMeasure(err error) bool {
	if err != nil && attest.ErrorType(err) == "" {
		err = cli.Usagef("%w", err)
	}
	return r.fail(err)
}

// check refuses flags that do not go together.
// Rules: CLI-06, LCH-61.
func (f *measureFlags) check(r *reading) {
	others := slices.ContainsFunc([]string{"vmm", "vcpus", "cpu", "features", "firmware", "kernel", "initrd", "cmdline", "cmdline-file", "igvm"}, r.Given)
	launched := f.launch != "" || f.files.Firmware != "" || f.files.IGVM != ""
	r.refuse(f.launch != "" && others, "CLI-06", "--launch, and flags that say the same, are given")
	r.refuse(f.files.Firmware != "" && f.files.IGVM != "", "LCH-61", "--firmware and --igvm are two sources for one thing")
	r.refuse(f.hasCmdline && f.cmdlineFile != "", "CLI-06", "--cmdline and --cmdline-file are two sources for one thing")
	r.refuse((f.idBlock == "") != (f.idAuth == ""), "CLI-02", "--id-block and --id-auth go together")
	r.refuse(!launched && (others || f.idBlock == "" || f.explain), "CLI-02", "--launch, --firmware or --igvm is missing")
	r.refuse(f.files.Kernel == "" && (f.files.Initrd != "" || f.hasCmdline || f.cmdlineFile != ""), "LCH-61", "--initrd and --cmdline go with --kernel")
	r.refuse(f.form != artefact.Form{} && (r.AsJSON || f.explain || f.match != ""), "CLI-06", "--brief and --base64 go with neither --json, --explain nor --match")
	r.fail(cli.OnceStdin(f.match, f.idBlock, f.idAuth))
}

// read reads what is launched; nil, when there is nothing.
func (f *measureFlags) read(r *reading) (l *artefact.Launch, warnings []string) {
	files := artefact.Reader{Note: r.Note}
	var err error
	switch {
	case r.err != nil, f.files == artefact.Paths{} && f.launch == "":
		return nil, nil
	case f.launch != "":
		if l, err = files.LaunchFile(r.ctx, f.launch); err != nil {
			r.fail(cli.Usagef("--launch %s: %w", f.launch, err))
		}
		return l, nil
	case f.cmdlineFile != "":
		if f.cmdline = string(r.config("cmdline-file", f.cmdlineFile, launch.MaxFile)); strings.HasSuffix(f.cmdline, "\n") {
			warnings = append(warnings, "the command line of --cmdline-file ends in a line break, which is a part of it")
		}
	}
	if f.files.Kernel != "" {
		f.guest.Kernel = &launch.Kernel{Initrd: launch.NoInitrd()}
		f.guest.Kernel.Cmdline, err = launch.CommandLine(f.cmdline)
		r.failMeasure(err)
	}
	if r.err == nil {
		l, err = files.Files(r.ctx, f.guest, f.files)
		r.usage("%w", err)
	}
	return l, warnings
}

// target returns the MEASUREMENT of --match, and its report when it has one. Nothing
// of it is verified.
func (f *measureFlags) target(r *reading) (*launch.Digest, *snpreport.Report) {
	if f.match == "" || r.err != nil {
		return nil, nil
	}
	if d, ok := strictjson.ParseHex[[48]byte](f.match); ok {
		return new(launch.Digest(d)), nil
	}
	b, err := held.ReadReport(r.ctx, r.Call, f.match)
	if r.unavailable("--match", err) {
		return nil, nil
	}
	carried, err := form.Open(b)
	if err != nil {
		r.fail(inspect.Malformed(err))
		return nil, nil
	}
	report, err := snpreport.Parse(carried.Report)
	if err != nil {
		r.fail(inspect.Malformed(err))
		return nil, nil
	}
	return new(launch.Digest(report.Measurement)), report
}

// readID reads a part of an ID block, of size bytes or in base64.
func readID(r *reading, flag, name string, size int) []byte {
	b := r.evidence(flag, strings.TrimPrefix(flag, "--"), name, 4*launch.IDAuthSize)
	if raw, err := base64.StdEncoding.Strict().DecodeString(string(cli.TrimLine(b))); len(b) != size && err == nil {
		return raw
	}
	return b
}
