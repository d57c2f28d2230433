package main

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/demo"
	"github.com/tresorhq/attest/verdict"
)

func demoCommand() cli.Command {
	var serve string
	return cli.Command{
		Name: "demo", Usage: "[--json] | --serve DIR",
		Run: func(ctx context.Context, c *cli.Call) (int, error) {
			switch {
			case serve == "":
				return runDemo(ctx, c)
			case c.AsJSON:
				return 0, cli.Misuse("CLI-06", "--serve prints commands to try, and no JSON")
			}
			return serveDemo(ctx, c, serve)
		},
		Summary: "attest a synthetic enclave, and show attacks being refused",
		About: `Starts a synthetic enclave on loopback, with real TLS and a synthetic AMD root,
and attests it; then shows attacks being refused. It needs no file and no network.
Its keys are public: every other command refuses them without --demo. The exit code is 0 when the
enclave is verified and every attack is refused for the right reason, 1 when not.`,
		Flags: []cli.Flag{
			cli.JSON("the same as JSON"),
			cli.Row("serve", "DIR", "keep an endpoint up to practise on, write to this folder what a client of it trusts, and print commands to try", cli.Text(&serve)),
		},
		Examples: []string{"demo", "demo --serve practice"},
	}
}

// demoJSON is what the endpoint and the attacks came to.
type demoJSON struct {
	Schema   string            `json:"schema"`
	Tool     string            `json:"tool"`
	Verdict  string            `json:"verdict"`
	ExitCode int               `json:"exit_code"`
	Endpoint *verdict.Document `json:"endpoint"`
	Attacks  []demo.Attack     `json:"attacks"`
}

func runDemo(ctx context.Context, c *cli.Call) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	config := attesttest.Config{Now: c.Now().Truncate(time.Second), Seed: rand.Text()} // one publisher for all: its keys are made once
	enclave, err := attesttest.New(config)
	if err != nil {
		return 0, err
	}
	defer c.Slow("making certificates and forging evidence")()
	audit, err := demo.Attest(ctx, enclave, c.Now())
	if err != nil {
		return 0, err
	}
	attacks, err := demo.Attacks(config)
	if err != nil {
		return 0, err
	}
	refused := 0
	for _, a := range attacks {
		if a.Refused {
			refused++
		}
	}
	code := verdict.ExitCode(audit.Err)
	if refused < len(attacks) {
		code = verdict.ExitRefused
	}
	d := verdict.New(audit, verdict.Frame{Tool: c.Program.Tool(), Mode: "live", At: enclave.Now(), TimeSource: "clock"})
	adviceFor(c).Complete(d.Error)
	if c.AsJSON {
		c.Object(demoJSON{"tresor.demo/v1", c.Program.Tool(), verdict.Word(code), code, d, attacks})
		return code, nil
	}
	c.WriteString(d.Text(false))
	c.Line("")
	c.Line("Attacks, each with everything else right and signed:")
	for _, a := range attacks {
		word := "refused"
		if !a.Refused {
			word = "GOT THROUGH"
		}
		c.Line("%-8s %-30s %s", word, a.Error, a.About)
	}
	c.Line("")
	c.Line("%d of %d attacks refused", refused, len(attacks))
	return code, nil
}

// serveDemo keeps a synthetic endpoint up until a signal comes, and writes to dir what
// a client of it trusts. It writes no private key.
func serveDemo(ctx context.Context, c *cli.Call, dir string) (int, error) {
	if err := emptyFolder(dir); err != nil {
		return 0, cli.Misuse("CLI-19", "--serve %s: %v", dir, err)
	}
	write := func(files []demo.File) error {
		for _, file := range files {
			if err := c.WriteFile("--serve", filepath.Join(dir, file.Name), file.Data); err != nil {
				return err
			}
		}
		return nil
	}
	if err := write(demo.Launch()); err != nil {
		return 0, err
	}
	r := &reading{Call: c, ctx: ctx}
	measured := (&trustFlags{launch: []string{filepath.Join(dir, demo.LaunchFile)}}).launched(r)
	if r.err != nil {
		return 0, r.err
	}
	endpoint, err := demo.Start(attesttest.Config{Now: c.Now().Truncate(time.Second), Seed: rand.Text(), Measurement: measured[0].Measurement})
	if err != nil {
		return 0, err
	}
	defer endpoint.Close()
	if err := write(endpoint.Files); err != nil {
		return 0, err
	}
	c.Line("A synthetic endpoint is up at %s until Ctrl-C. Its keys are public: --demo accepts", endpoint.URL)
	c.Line("them. %s has both addresses as variables of a shell. Try:", filepath.Join(dir, "env"))
	c.Line("")
	for _, command := range endpoint.Commands(dir) {
		c.Line("%s %s", c.Program.Name, command)
	}
	if err := c.Flush(c.Stdout); err != nil {
		return 0, err
	}
	<-ctx.Done()
	c.Note("the demo endpoint is gone")
	return verdict.ExitVerified, nil
}

// emptyFolder makes a folder, unless it is there and empty.
func emptyFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		err = errors.New("the folder is not empty: give one that is absent or empty")
	}
	return err
}
