// The test reads the examples of how to run the proxy as their own programs do:
// compose.yaml by the schema of github.com/compose-spec/compose-go, kubernetes.yaml by
// k8s.io/api. It then runs what they run.
package deploy

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/schema"
	"go.yaml.in/yaml/v3"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	strict "sigs.k8s.io/yaml"

	"github.com/tresorhq/attest/internal/dev/locked"
)

// An example is what a file says about the proxy.
type example struct {
	args   []string   // of the program
	checks [][]string // commands that ask how it is
	paths  []string   // that are asked for at its operations listener
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../examples/proxy", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// compose reads compose.yaml.
func compose(t *testing.T) example {
	b := read(t, "compose.yaml")
	var whole map[string]any
	if err := yaml.Unmarshal(b, &whole); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(whole); err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]struct {
			Command     []string
			Healthcheck struct{ Test []string }
			NetworkMode string `yaml:"network_mode"`
			Build       struct{ Context, Dockerfile string }
		}
	}
	if err := yaml.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	s := file.Services["proxy"]
	if at := filepath.Join("../../examples/proxy", s.Build.Context, s.Build.Dockerfile); !slices.Contains(s.Command, "proxy") || file.Services["program"].NetworkMode != "service:proxy" {
		t.Errorf("%+v", file)
	} else if _, err := os.Stat(at); err != nil {
		t.Error(err)
	}
	check := s.Healthcheck.Test
	if len(check) < 3 || check[0] != "CMD" {
		t.Fatalf("%q", check)
	}
	return example{args: s.Command, checks: [][]string{command(t, check[1:])}}
}

// command leaves out the path of the program, which must be that of the Dockerfile.
func command(t *testing.T, words []string) []string {
	t.Helper()
	if !strings.Contains(string(read(t, "Dockerfile")), "\nCOPY --from=build /out/tresor-verify "+words[0]+"\n") {
		t.Errorf("%s is not where the Dockerfile has the program", words[0])
	}
	return words[1:]
}

// kubernetes reads kubernetes.yaml.
func kubernetes(t *testing.T) example {
	var d appsv1.Deployment
	if err := strict.UnmarshalStrict(read(t, "kubernetes.yaml"), &d); err != nil {
		t.Fatal(err)
	}
	pod := d.Spec.Template
	if d.APIVersion != "apps/v1" || d.Kind != "Deployment" || len(pod.Spec.InitContainers) != 1 {
		t.Fatalf("%+v", d)
	}
	c := pod.Spec.InitContainers[0]
	if c.RestartPolicy == nil || *c.RestartPolicy != corev1.ContainerRestartPolicyAlways || d.Spec.Selector.MatchLabels["app"] != pod.Labels["app"] {
		t.Errorf("no sidecar: %+v", c)
	}
	for _, m := range c.VolumeMounts {
		if !slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name }) {
			t.Errorf("no volume %s", m.Name)
		}
	}
	e := example{args: c.Args, paths: []string{pod.Annotations["prometheus.io/path"]}}
	var ports []string
	for _, p := range c.Ports {
		ports = append(ports, p.Name)
	}
	for _, p := range []*corev1.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
		switch {
		case p == nil:
			t.Error("a probe is missing")
		case p.Exec != nil:
			e.checks = append(e.checks, command(t, p.Exec.Command))
		case p.HTTPGet != nil && slices.Contains(ports, p.HTTPGet.Port.String()):
			e.paths = append(e.paths, p.HTTPGet.Path)
		default:
			t.Errorf("%+v", p)
		}
	}
	return e
}

// unit reads the unit of systemd.
func unit(t *testing.T) example {
	text := strings.ReplaceAll(string(read(t, "tresor-verify-proxy.service")), "\\\n", " ")
	start := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/tresor-verify (.*)$`).FindStringSubmatch(text)
	if start == nil {
		t.Fatal("no ExecStart")
	}
	return example{args: strings.Fields(start[1])}
}

// TestExamplesRun: what the examples run starts with every flag that they give, and its
// probes are answered. The endpoint is one that cannot be reached.
func TestExamplesRun(t *testing.T) {
	program := filepath.Join(t.TempDir(), "tresor-verify")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/tresorhq/attest/cmd/tresor-verify").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, reader := range map[string]func(*testing.T) example{"compose": compose, "kubernetes": kubernetes, "systemd": unit} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reader(t).run(t, program)
		})
	}
}

func (e example) run(t *testing.T, program string) {
	dir := here(t)
	port := freePort(t)
	place := strings.NewReplacer( // what lies elsewhere on this machine
		"https://api.tresor.co", "https://127.0.0.1:1", "127.0.0.1:8787", "127.0.0.1:0", "=:9091", "=127.0.0.1:"+port, "127.0.0.1:9091", "127.0.0.1:"+port,
		"/etc/tresor/release.pem", filepath.Join(dir, "release.pem"), "/etc/tresor-token/token", filepath.Join(dir, "token"),
		"/var/lib/tresor/", dir+"/", "/run/tresor/", dir+"/",
	)
	placed := func(words []string) (list []string) {
		for _, word := range words {
			list = append(list, place.Replace(word))
		}
		return list
	}
	log := new(locked.Buffer)
	cmd := exec.Command(program, placed(e.args)...)
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer cmd.Process.Kill()
	for !strings.Contains(log.String(), `"operations"`) {
		select {
		case err := <-ended:
			t.Fatalf("%v: %s", err, log)
		case <-time.After(10 * time.Millisecond):
		}
	}
	if len(e.checks) == 0 {
		e.checks = [][]string{{"healthcheck", "--ops=unix:/run/tresor/ops.sock"}}
	}
	for _, check := range e.checks {
		out, err := exec.Command(program, placed(check)...).CombinedOutput()
		want := "status 503: not verified"
		if slices.Contains(check, "--live") {
			want = "alive"
		}
		if !strings.Contains(string(out), want) || (err == nil) != (want == "alive") {
			t.Errorf("%q: %v, %s", check, err, out)
		}
	}
	for _, path := range e.paths {
		res, err := http.Get("http://127.0.0.1:" + port + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if want := map[string]int{"/livez": 200, "/readyz": 503, "/metrics": 200}[path]; res.StatusCode != want || want == 0 {
			t.Errorf("%s: status %d", path, res.StatusCode)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if <-ended; cmd.ProcessState.ExitCode() != 3 {
		t.Errorf("%v: %s", cmd.ProcessState, log)
	}
}

// here is a folder, of a short path, with a release root and a token.
func here(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"release.pem": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "token": []byte("secret\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
