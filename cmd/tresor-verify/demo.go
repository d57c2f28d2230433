package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/transport"
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
	Attacks  []attack          `json:"attacks"`
}

// attack is what became of one.
type attack struct {
	Name     string `json:"name"`
	About    string `json:"about"`
	Expected string `json:"expected"`
	Error    string `json:"error"`
	Message  string `json:"message"`
	Refused  bool   `json:"refused"`
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
	audit, err := attestDemo(ctx, enclave, c.Now())
	if err != nil {
		return 0, err
	}
	attacks, refused, err := attackDemo(config)
	if err != nil {
		return 0, err
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

// attestDemo fetches the evidence from a server as attest does, over the connection
// whose key it then holds against it.
func attestDemo(ctx context.Context, enclave *attesttest.Enclave, now time.Time) (*attest.Audit, error) {
	server, err := enclave.Serve(nil)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	verifier, err := enclave.Verifier()
	if err != nil {
		return nil, err
	}
	crl := func(context.Context, snpreport.Product, snpreport.SigningKey) ([]byte, error) {
		return enclave.Evidence().CRLs[0], nil
	}
	direct := func(*http.Request) (*url.URL, error) { return nil, nil } // no proxy
	t, err := transport.New(server.URL, transport.Config{Verifier: verifier, BundleURL: server.BundleURL, WebRoots: enclave.WebRoots(), Revocation: crl, Proxy: direct})
	if err != nil {
		return nil, err
	}
	defer t.Close()
	e, err := t.Collect(ctx)
	if err != nil {
		return nil, err
	}
	return verifier.Audit(e.Evidence, now), nil
}

// attackDemo spoils one thing after the other, and counts what is refused for the right
// reason. Each attack is of an enclave of its own.
func attackDemo(config attesttest.Config) (attacks []attack, refused int, err error) {
	for _, fault := range attesttest.Faults() {
		if !fault.Fits(config) {
			continue
		}
		enclave, err := attesttest.New(config, fault)
		if err != nil {
			return nil, 0, err
		}
		verifier, err := enclave.Verifier()
		if err != nil {
			return nil, 0, err
		}
		a := attack{Name: string(fault), About: fault.About(), Expected: fault.ErrorType()}
		_, err = verifier.Verify(enclave.Evidence(), enclave.Now())
		if refusal, ok := errors.AsType[attest.AttestationError](err); ok {
			a.Error, a.Message = attest.ErrorType(refusal), refusal.Error()
		}
		if a.Refused = a.Error != "" && a.Error == a.Expected; a.Refused {
			refused++
		}
		attacks = append(attacks, a)
	}
	return attacks, refused, nil
}
