// Package artefact reads what a guest was launched from: a launch file and the files
// that it names, or files by themselves. Large ones are hashed as they are read.
package artefact

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/launch"
	"github.com/tresorhq/attest/rule"
)

// An Input is one file that was read.
type Input struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// A Launch is one launch, and the files that it was read from.
type Launch struct {
	Name   string // of the launch file; "" of files by themselves
	Guest  launch.Guest
	Inputs []Input // firmware or IGVM file, kernel, initial RAM disk
}

// A Paths names the files of a launch; "" where there is none.
type Paths struct{ Firmware, Kernel, Initrd, IGVM string }

// A Reader reads files until its context ends.
type Reader struct {
	// Note says on standard error how far a large file is read.
	Note func(format string, args ...any)
}

// LaunchFile reads a launch file and what it names below its folder. The errors are
// ordinary ones; those about a rule have it as rule.ConfigError.
// Rules: LCH-63, LCH-64.
func (r Reader) LaunchFile(ctx context.Context, name string) (*Launch, error) {
	var text bytes.Buffer
	if _, err := r.read(ctx, os.DirFS(filepath.Dir(name)), filepath.Base(name), launch.MaxFile, &text); err != nil {
		return nil, err
	}
	f, err := launch.ParseFile(text.Bytes())
	if err != nil {
		return nil, rule.Config(err)
	}
	root, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	l := &Launch{Name: name, Guest: f.Guest}
	return l, r.fill(ctx, root.FS(), l, Paths{f.FirmwareFile, f.KernelFile, f.InitrdFile, f.IGVMFile})
}

// Files reads the files of a launch, wherever they are, into guest. Its kernel must
// be there when they have one.
func (r Reader) Files(ctx context.Context, guest launch.Guest, p Paths) (*Launch, error) {
	l := &Launch{Guest: guest}
	return l, r.fill(ctx, anywhere{}, l, p)
}

// anywhere opens files by their path on the system.
type anywhere struct{}

func (anywhere) Open(name string) (fs.File, error)     { return os.Open(name) }
func (anywhere) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }

// fill reads files into l. On an error l is not to be used.
func (r Reader) fill(ctx context.Context, dir fs.FS, l *Launch, p Paths) error {
	g := &l.Guest
	for _, f := range []struct {
		path string
		most int64
		keep bool // its content is needed, not only its digest
		take func(content []byte, digest [32]byte) error
	}{
		{p.Firmware, launch.MaxFirmware, true, func(b []byte, _ [32]byte) (err error) { g.Firmware, err = launch.ParseFirmware(b); return err }},
		{p.IGVM, launch.MaxFirmware, true, func(b []byte, _ [32]byte) (err error) { g.IGVM, err = launch.ParseIGVM(b); return err }},
		{p.Kernel, launch.MaxKernel, false, func(_ []byte, digest [32]byte) error { g.Kernel.Kernel = digest; return nil }},
		{p.Initrd, launch.MaxInitrd, false, func(_ []byte, digest [32]byte) error { g.Kernel.Initrd = digest; return nil }},
	} {
		if f.path == "" {
			continue
		}
		var content bytes.Buffer
		to := io.Discard
		if f.keep {
			to = &content
		}
		in, err := r.read(ctx, dir, f.path, f.most, to)
		if err != nil {
			return err
		}
		digest, _ := hex.DecodeString(in.SHA256)
		if err := f.take(content.Bytes(), [32]byte(digest)); err != nil {
			return fmt.Errorf("%s: %w", f.path, rule.Config(err))
		}
		l.Inputs = append(l.Inputs, in)
	}
	return nil
}

const (
	chunk    = 1 << 20   // bytes between two looks at the context
	progress = 256 << 20 // bytes between two notes
)

// read copies a regular file of at most most bytes to w.
// Rules: LCH-64.
func (r Reader) read(ctx context.Context, dir fs.FS, name string, most int64, w io.Writer) (in Input, err error) {
	refuse := func(expected, actual string) (Input, error) {
		return Input{}, rule.Config(&rule.Error{Rule: "LCH-64", Where: name, Offset: rule.NoOffset, Expected: expected, Actual: actual})
	}
	info, err := fs.Stat(dir, name)
	if err != nil {
		return Input{}, fault(name, err)
	}
	tooLong := func() (Input, error) {
		return refuse(fmt.Sprintf("at most %d bytes", most), fmt.Sprintf("%d bytes", max(info.Size(), in.Size)))
	}
	switch {
	case !info.Mode().IsRegular():
		return refuse("a regular file", info.Mode().Type().String())
	case info.Size() > most:
		return tooLong()
	}
	f, err := dir.Open(name)
	if err != nil {
		return Input{}, fault(name, err)
	}
	defer f.Close()
	hash := sha256.New()
	limited := io.LimitReader(f, most+1)
	for size, noted := info.Size(), int64(0); ; {
		if err := ctx.Err(); err != nil {
			return Input{}, fmt.Errorf("%s: not read to its end: %w", name, err)
		}
		n, err := io.CopyN(io.MultiWriter(w, hash), limited, chunk)
		in.Size += n
		if in.Size > most { // it grew, or its size says nothing
			return tooLong()
		}
		if in.Size-noted >= progress {
			noted = in.Size
			r.Note("%s: %d of %d MiB", name, in.Size>>20, size>>20)
		}
		switch {
		case errors.Is(err, io.EOF):
			return Input{name, in.Size, hex.EncodeToString(hash.Sum(nil))}, nil
		case err != nil:
			return Input{}, fault(name, err)
		}
	}
}

// fault says which file could not be read, once.
func fault(name string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// Names are the base names of the inputs, and of what is given by digest alone.
func (l *Launch) Names() string {
	var names []string
	if l.Guest.Firmware != nil && l.Guest.Firmware.Size == 0 {
		names = append(names, "launch_hash")
	}
	for _, in := range l.Inputs {
		names = append(names, filepath.Base(filepath.FromSlash(in.Name)))
	}
	return strings.Join(names, ", ")
}

// maxLabel is the longest label, in bytes.
const maxLabel = 1024

// Demand returns the measurements of launches as one list of what MEASUREMENT may be.
// One that several launches give has the labels of all.
func Demand(launches []*Launch) ([]attest.LaunchMeasurement, error) {
	var list []attest.LaunchMeasurement
	at := map[launch.Digest]int{}
	for _, l := range launches {
		measurements, err := l.Guest.Measure()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.Name, rule.Config(err))
		}
		for _, m := range measurements {
			i, known := at[m.Digest]
			if !known {
				i = len(list)
				at[m.Digest] = i
				list = append(list, attest.LaunchMeasurement{Measurement: m.Digest})
			}
			label := l.Names() + " (" + m.String() + ")"
			if known {
				label = list[i].Label + " or " + label
			}
			list[i].Label = label[:min(len(label), maxLabel)]
		}
	}
	return list, nil
}

// Match returns the launches that give a measurement: at least one, or the error is an
// *attest.MeasurementNotAllowedError, or a *rule.Error about what was given.
// Rules: LCH-73.
func (l *Launch) Match(digest launch.Digest) ([]launch.Measurement, error) {
	list, err := l.Guest.Explain(digest)
	if err == nil && len(list) == 0 {
		err = &attest.MeasurementNotAllowedError{Measurement: digest.String(), Failure: attest.Failure{
			Rule: "LCH-73", Message: "no launch of these artefacts gives this MEASUREMENT", Offset: rule.NoOffset,
			Expected: "a digest of firmware, kernel, initrd, cmdline or IGVM file", Actual: digest.String(),
		}}
	}
	return list, err
}

// As returns a launch in which what a measurement of it says is no longer open.
func (l *Launch) As(m launch.Measurement) *Launch {
	as := *l
	as.Guest.VMM = m.VMM
	if as.Guest.IGVM == nil {
		as.Guest.CPU, as.Guest.Features, as.Guest.VCPUs = m.CPU, m.Features, []int{m.VCPUs}
	}
	return &as
}
