package main

import (
	"context"
	"runtime"
	"runtime/debug"
)

const version = "0.1.0"

func toolName() string { return "tresor-verify " + version }

func versionCommand() command {
	return command{
		name: "version", usage: "[--json]", run: runVersion,
		summary:  "print the version",
		about:    "With --json: module, revision, toolchain and platform too.",
		flags:    []flagDoc{{"json", "", "the same as JSON, and more"}},
		examples: []string{"version --json"},
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

func runVersion(_ context.Context, _ world, u *ui, args []string) (int, error) {
	fs := newFlagSet("version")
	var asJSON bool
	fs.yes(&asJSON, "json")
	if _, err := fs.parse(args, 0); err != nil {
		return 0, err
	}
	if !asJSON {
		u.line("%s", toolName())
		return exitVerified, nil
	}
	v := versionJSON{Schema: "tresor.version/v1", Tool: toolName(), Toolchain: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		v.Module = info.Main.Path + "@" + info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Revision = s.Value
			}
		}
	}
	u.object(v)
	return exitVerified, nil
}
