package main

import (
	"context"
	"runtime"
	"runtime/debug"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/verdict"
)

const version = "0.1.0"

func versionCommand() cli.Command {
	return cli.Command{
		Name: "version", Usage: "[--json]", Run: runVersion,
		Summary:  "print the version",
		About:    "With --json: module, revision, toolchain and platform too.",
		Flags:    []cli.Flag{cli.JSON("the same as JSON, and more")},
		Examples: []string{"version --json"},
	}
}

// versionJSON is what this program was made from.
type versionJSON struct {
	Schema    string `json:"schema"`
	Tool      string `json:"tool"`
	Module    string `json:"module"`
	Revision  string `json:"revision,omitempty"`
	Toolchain string `json:"toolchain"`
	Platform  string `json:"platform"`
}

func runVersion(_ context.Context, c *cli.Call) (int, error) {
	if !c.AsJSON {
		c.Line("%s", c.Program.Tool())
		return verdict.ExitVerified, nil
	}
	v := versionJSON{Schema: "tresor.version/v1", Tool: c.Program.Tool(), Toolchain: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		v.Module = info.Main.Path + "@" + info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Revision = s.Value
			}
		}
	}
	c.Object(v)
	return verdict.ExitVerified, nil
}
