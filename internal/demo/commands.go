package demo

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// Commands returns what to try with the files in dir, as a shell takes it.
func (e *Endpoint) Commands(dir string) []string {
	quoted := func(name string) string { return shellQuote(filepath.Join(dir, name)) }
	trust := fmt.Sprintf("--demo --release-root %s --amd-root %s", quoted("release.pem"), quoted("ark.pem"))
	live := fmt.Sprintf("--url %s --ca-file %s --bundle-url %s %s", e.URL, quoted("ca.pem"), e.BundleURL, trust)
	return []string{
		"attest " + live,
		"attest " + live + " --launch " + quoted(LaunchFile),
		"attest " + live + " --record " + quoted("pin.json") + " --save " + quoted("evidence.json"),
		"attest " + live + " --pin " + quoted("pin.json") + " --watch 5s",
		"attest --evidence " + quoted("evidence.json") + " --at recorded " + trust,
		"measure --launch " + quoted(LaunchFile),
		fmt.Sprintf("bundle diff --release-root %s %s %s", quoted("release.pem"), quoted("bundle.jws"), quoted("bundle-next.jws")),
		"proxy " + live + " --listen 127.0.0.1:8787",
	}
}

// plainWord is a word that a POSIX shell reads as it stands.
var plainWord = regexp.MustCompile(`^[a-zA-Z0-9/._-]+$`)

// shellQuote writes a word as a POSIX shell reads it.
func shellQuote(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
