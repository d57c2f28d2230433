package main

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// TestOutputPath: a file that can not be written is no bug of the program's, and
// is named as it was given.
func TestOutputPath(t *testing.T) {
	f, hardware := newFolder(t), newFolder(t)
	hardware.writeEvidence(mint.Evidence("Milan", 3, "vcek"))
	keys := newFolder(t)
	offline := withCert(keys, endpoint(t, keys, 17))
	bundle := mustRead(t, keys.path("bundle.jws"))
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(bundle) }))
	t.Cleanup(server.Close)
	ca := f.write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	folder, absent := f.path("folder"), f.path("none/x")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for flag, args := range map[string][]string{
		"--save":         offline,
		"--record":       offline,
		"--write-policy": hardware.report(),
		"--out":          {"bundle", "fetch", "--bundle-url", server.URL, "--ca-file", ca},
	} {
		for path, hint := range map[string]string{absent: "make it", folder: "another path"} {
			args := append(append([]string{}, args...), flag, path)
			o := tool(args...)
			want := "message:               " + flag + " " + path + ": "
			if o.code != verdict.ExitInternal || !strings.Contains(o.stdout, want) || !strings.Contains(o.stdout, hint) || strings.Contains(o.stdout, "SECURITY.md") || strings.Contains(o.stdout, ".tresor-") {
				t.Errorf("%s %s: %+v", flag, path, o)
			}
			if v := tool(append(args, "--json")...).verdict(t); v.Error.Type != "InternalError" || !strings.HasPrefix(v.Error.Message, flag+" "+path+": ") {
				t.Errorf("%s %s: %+v", flag, path, v.Error)
			}
		}
	}
	if left, err := os.ReadDir(f.dir); err != nil || len(left) != 2 {
		t.Errorf("%v %v", left, err)
	}
}
